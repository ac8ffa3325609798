using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Timeout;
using Refit;

namespace WebHost.Providers;

/// <summary>
/// Stands outside retries and limits: turns whatever went wrong into a <see cref="ProviderException"/> and logs each call.
/// </summary>
internal sealed class ProviderHandler(ProviderErrors errors, TimeProvider time, ILogger<ProviderHandler> logger)
    : DelegatingHandler
{
    private static readonly HttpRequestOptionsKey<string> MethodName = new(HttpRequestMessageOptions.MethodName);

    /// <summary>The operation of a request that one of our Refit interfaces made.</summary>
    public static string OperationOf(HttpRequestMessage request) =>
        request.Options.TryGetValue(MethodName, out var name) ? name : request.Method.Method;

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var operation = OperationOf(request);
        var started = time.GetTimestamp();
        HttpResponseMessage response;
        string body;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            body = await response.Content.ReadAsStringAsync(cancellationToken);
        }
        catch (Exception exception) when (Silence(exception, cancellationToken) is { } silence)
        {
            Log.Unanswered(logger, errors.Provider, operation, silence.Message, Elapsed(started));
            throw new ProviderException(errors.Provider, operation, silence, exception);
        }

        var requestId = errors.RequestIdOf(response);
        if (errors.Classify(response, body) is not { } error)
        {
            Log.Answered(logger, errors.Provider, operation, (int)response.StatusCode, Elapsed(started), requestId);
            return response;
        }

        Log.Refused(
            logger, errors.Provider, operation, (int)response.StatusCode, error.Kind, error.Code, Elapsed(started), requestId);
        response.Dispose();
        throw new ProviderException(errors.Provider, operation, error);
    }

    // Why there is no answer; null when the caller gave up or the fault is ours.
    private static ProviderError? Silence(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        OperationCanceledException when cancellationToken.IsCancellationRequested => null,
        TimeoutRejectedException timeout => new(ProviderErrorKind.Transient, $"no answer within {timeout.Timeout.TotalSeconds:0.#} s"),
        RateLimiterRejectedException limit => new(ProviderErrorKind.RateLimited, "held back to stay within the provider's rate limit")
        {
            RetryAfter = limit.RetryAfter ?? TimeSpan.FromSeconds(1),
        },
        BrokenCircuitException broken => new(ProviderErrorKind.Transient, "not called: its last calls failed too often")
        {
            RetryAfter = broken.RetryAfter,
        },
        HttpRequestException => new(ProviderErrorKind.Transient, $"no answer: {exception.Message}"),
        IOException => new(ProviderErrorKind.Transient, $"the answer broke off: {exception.Message}"),
        _ => null,
    };

    private double Elapsed(long started) => Math.Round(time.GetElapsedTime(started).TotalMilliseconds, 1);
}
