namespace WebHost.Providers.Fly;

/// <summary>
/// The Consul cluster that Fly lends an app. The postgres-flex image keeps there which of an app's machines is the primary,
/// and does not start without it (fly-apps/postgres-flex, internal/flypg/state).
/// </summary>
public sealed class FlyConsul
{
    private readonly IAddOnsApi _api;

    internal FlyConsul(IAddOnsApi api)
    {
        _api = api;
    }

    /// <summary>Gives the app its part of a Consul cluster. It goes with the app.</summary>
    /// <returns>Its address, token included: a secret.</returns>
    /// <exception cref="ProviderException">Fly refused or did not answer.</exception>
    public async Task<string> EnableAsync(string app, CancellationToken cancellationToken = default)
    {
        var answer = await _api.EnablePostgresConsul(
            new GraphQlRequest(
                nameof(IAddOnsApi.EnablePostgresConsul),
                "mutation EnablePostgresConsul($app: ID!) { enablePostgresConsul(input: { appId: $app }) { consulUrl } }",
                new { app }),
            cancellationToken);
        return answer.Data.EnablePostgresConsul?.ConsulUrl is { Length: > 0 } address
            ? address
            : throw new ProviderException(
                FlyErrors.Name,
                nameof(IAddOnsApi.EnablePostgresConsul),
                new ProviderError(ProviderErrorKind.Transient, $"answered no Consul address for app {app}"));
    }
}
