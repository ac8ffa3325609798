using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Refit;
using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Redis;
using WebHost.Providers.Upstash;

namespace WebHost.Providers;

/// <summary>Registers the infrastructure providers.</summary>
public static class ProvidersServiceCollectionExtensions
{
    private static readonly JsonSerializerOptions SnakeCase = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    /// <summary>
    /// Adds <see cref="HetznerServers"/>, <see cref="HetznerOrders"/>, <see cref="FlyApps"/>, <see cref="FlyVolumes"/>,
    /// <see cref="FlyMachines"/>, <see cref="FlyCertificates"/>, <see cref="FlyConsul"/>, <see cref="DnsRecords"/>, <see cref="IRedisService"/> and <see cref="VendorCheck"/>.
    /// The section <c>Providers</c> is checked when the host starts.
    /// </summary>
    public static IServiceCollection AddProviders(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<ProvidersOptions>, ProvidersOptionsValidator>();
        services.AddOptions<ProvidersOptions>().Bind(configuration.GetSection(ProvidersOptions.Section)).ValidateOnStart();

        services.AddProvider<IRobotApi, RobotErrors>(
            SnakeCase, options => options.Hetzner.BaseAddress, options => Basic(options.Hetzner.User, options.Hetzner.Password));
        services.AddProvider<IMachinesApi, FlyErrors>(
            SnakeCase, options => options.Fly.BaseAddress, options => FlyToken(options.Fly.Token));
        services.AddProvider<IAddOnsApi, FlyErrors>(
            CamelCase, options => options.Fly.GraphQlAddress, options => FlyToken(options.Fly.Token));
        services.AddProvider<IDnsRecordsApi, CloudflareErrors>(
            SnakeCase, options => options.Cloudflare.BaseAddress, options => new("Bearer", options.Cloudflare.Token));
        services.AddProvider<IUpstashApi, UpstashErrors>(
            SnakeCase, options => options.Upstash.BaseAddress, options => Basic(options.Upstash.Email, options.Upstash.ApiKey));

        services.AddTransient(provider => new HetznerServers(provider.GetRequiredService<IRobotApi>()));
        services.AddTransient(provider => new HetznerOrders(provider.GetRequiredService<IRobotApi>()));
        services.AddTransient(provider => new FlyMachines(
            provider.GetRequiredService<IMachinesApi>(), provider.GetRequiredService<TimeProvider>()));
        services.AddTransient(provider => new FlyVolumes(
            provider.GetRequiredService<IMachinesApi>(), provider.GetRequiredService<TimeProvider>()));
        services.AddTransient(provider => new FlyApps(
            provider.GetRequiredService<IMachinesApi>(),
            provider.GetRequiredService<FlyMachines>(),
            provider.GetRequiredService<FlyVolumes>(),
            provider.GetRequiredService<IOptions<ProvidersOptions>>()));
        services.AddTransient(provider => new FlyCertificates(provider.GetRequiredService<IMachinesApi>()));
        services.AddTransient(provider => new FlyConsul(provider.GetRequiredService<IAddOnsApi>()));
        services.AddTransient(provider => new DnsRecords(
            provider.GetRequiredService<IDnsRecordsApi>(), provider.GetRequiredService<IOptions<ProvidersOptions>>()));
        services.AddTransient<VendorCheck>();
        services.AddTransient<IRedisService>(provider =>
            provider.GetRequiredService<IOptions<ProvidersOptions>>() is { Value.Redis: RedisProvider.Fly } options
                ? new FlyRedis(provider.GetRequiredService<IAddOnsApi>(), options)
                : new UpstashRedis(provider.GetRequiredService<IUpstashApi>()));
        return services;
    }

    private static void AddProvider<TApi, TErrors>(
        this IServiceCollection services,
        JsonSerializerOptions json,
        Func<ProvidersOptions, Uri?> address,
        Func<ProvidersOptions, AuthenticationHeaderValue> authorization)
        where TApi : class
        where TErrors : ProviderErrors, new()
    {
        var errors = new TErrors();
        var client = services
            .AddRefitGeneratedClient<TApi>(_ => Settings(errors.Provider, json))
            .ConfigureHttpClient((provider, http) =>
            {
                var options = provider.GetRequiredService<IOptions<ProvidersOptions>>().Value;
                http.BaseAddress = address(options);
                http.DefaultRequestHeaders.Authorization = authorization(options);
                http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("webhost", "1"));
                // The resilience pipeline sets the limits, per attempt.
                http.Timeout = Timeout.InfiniteTimeSpan;
            })
            // Our own log line names the operation and the provider's request id.
            .RemoveAllLoggers()
            .ConfigurePrimaryHttpMessageHandler(() =>
                new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .AddHttpMessageHandler(provider => new ProviderHandler(
                errors,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<ProviderHandler>>()));
        ProviderResilience.AddTo(client, errors);
    }

    private static RefitSettings Settings(string provider, JsonSerializerOptions json) =>
        new(new SystemTextJsonContentSerializer(json))
        {
            // ProviderHandler has thrown what there is to throw; Refit must not wrap it in an exception that holds the request.
            TransportExceptionFactory = (_, exception, _) => exception,
            DeserializationExceptionFactory = (response, exception) => ValueTask.FromResult<Exception?>(new ProviderException(
                provider,
                ProviderHandler.OperationOf(response.RequestMessage!),
                new ProviderError(ProviderErrorKind.Permanent, $"the answer is not what its documentation says: {exception.Message}")
                {
                    Status = response.StatusCode,
                },
                exception)),
        };

    private static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    // Macaroon tokens come with a scheme of their own.
    private static AuthenticationHeaderValue FlyToken(string token) =>
        token.Split(' ', 2) is [var scheme, var value] ? new(scheme, value) : new("Bearer", token);
}
