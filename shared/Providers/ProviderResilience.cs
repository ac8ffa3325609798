using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Retry;
using Polly.Timeout;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;

namespace WebHost.Providers;

/// <summary>
/// Few and fast: repeats what is safe to repeat, keeps within the provider's rate limits, stops calling one that is down.
/// Longer patience belongs to whoever calls.
/// </summary>
internal static class ProviderResilience
{
    private const int Repeats = 2;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);

    // Fly holds a wait open for up to a minute.
    private static readonly TimeSpan WaitAllowance = TimeSpan.FromSeconds(60);

    public static void AddTo(IHttpClientBuilder client, ProviderErrors errors) =>
        client.AddResilienceHandler(errors.Provider, (pipeline, context) =>
        {
            var services = context.ServiceProvider;
            var logger = services.GetRequiredService<ILogger<ProviderHandler>>();
            var timeout = services.GetRequiredService<IOptions<ProvidersOptions>>().Value.RequestTimeout;
            pipeline.TimeProvider = services.GetRequiredService<TimeProvider>();
            pipeline
                .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
                {
                    MaxRetryAttempts = Repeats,
                    Delay = FirstDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldHandle = arguments => ValueTask.FromResult(
                        arguments.Context.GetRequestMessage() is { } request
                        && IsRepeatable(request.Method)
                        && IsOutage(arguments.Outcome)),
                    OnRetry = arguments =>
                    {
                        var request = arguments.Context.GetRequestMessage()!;
                        Log.Repeated(
                            logger,
                            errors.Provider,
                            ProviderHandler.OperationOf(request),
                            arguments.AttemptNumber + 1,
                            arguments.RetryDelay.TotalMilliseconds);
                        return default;
                    },
                })
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
                {
                    FailureRatio = 0.9,
                    MinimumThroughput = 20,
                    SamplingDuration = TimeSpan.FromSeconds(10),
                    BreakDuration = TimeSpan.FromSeconds(5),
                    ShouldHandle = arguments => ValueTask.FromResult(IsOutage(arguments.Outcome)),
                });
            if (LimiterOf(errors) is { } limiter)
            {
                context.OnPipelineDisposed(limiter.Dispose);
                pipeline.AddRateLimiter(new RateLimiterStrategyOptions
                {
                    RateLimiter = arguments => limiter.AcquireAsync(arguments.Context.GetRequestMessage()!, 1, arguments.Context.CancellationToken),
                });
            }

            pipeline.AddTimeout(new TimeoutStrategyOptions
            {
                TimeoutGenerator = arguments => ValueTask.FromResult(
                    arguments.Context.GetRequestMessage() is { } request
                    && ProviderHandler.OperationOf(request) == nameof(IMachinesApi.WaitMachine)
                        ? timeout + WaitAllowance
                        : timeout),
            });
        });

    // A repeated POST may order a second server. PATCH says the whole outcome, here.
    private static bool IsRepeatable(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Put || method == HttpMethod.Delete || method == HttpMethod.Patch;

    private static bool IsOutage(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        { Exception: HttpRequestException or IOException or TimeoutRejectedException } => true,
        { Result.StatusCode: >= HttpStatusCode.InternalServerError } => true,
        _ => false,
    };

    private static PartitionedRateLimiter<HttpRequestMessage>? LimiterOf(ProviderErrors errors) => errors switch
    {
        FlyErrors => FlyRateLimits.Create(),
        RobotErrors => RobotRateLimits.Create(),
        _ => null,
    };
}
