using Microsoft.Extensions.Options;
using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Redis;

namespace WebHost.Providers;

/// <summary>Looks at every provider with calls that change nothing.</summary>
public sealed class VendorCheck(
    HetznerServers servers,
    HetznerOrders orders,
    FlyApps apps,
    DnsRecords dns,
    IRedisService redis,
    IOptions<ProvidersOptions> options)
{
    // Asked for by name where a provider has no smaller question; nothing is ever called so.
    private const string Nothing = "webhost-vendor-check";

    // The product that shared servers are, at the location that has sold it longest.
    private const string OrderedProduct = "AX52";
    private const string OrderedFrom = "FSN1";

    /// <summary>One status a provider, whatever fails.</summary>
    public async Task<IReadOnlyList<VendorStatus>> RunAsync(CancellationToken cancellationToken = default) =>
        await Task.WhenAll(
            LookAsync(
                "Hetzner",
                servers.ListAsync(cancellationToken),
                "Servers and the order catalog may be read, so servers may be ordered.",
                // Robot lets a user see what can be ordered only when its account has turned ordering on.
                () => orders.QuoteAsync(OrderedProduct, OrderedFrom, cancellationToken)),
            LookAsync(
                "Fly",
                apps.ListAsync(cancellationToken),
                $"The apps of organization {options.Value.Fly.Organization} may be read; whether they may be made shows with the first one."),
            LookAsync(
                "Cloudflare",
                dns.FindAsync(Nothing, cancellationToken),
                "The zone's records may be read; whether they may be changed shows with the first one."),
            LookAsync(
                "Redis",
                redis.FindAsync(Nothing, cancellationToken),
                $"Databases of {options.Value.Redis} may be read; whether they may be made shows with the first one."));

    private static async Task<VendorStatus> LookAsync(
        string vendor, Task look, string verdict, Func<Task>? lookAtRights = null)
    {
        try
        {
            await look;
        }
        catch (ProviderException error)
        {
            return new VendorStatus(
                vendor,
                Reachable: error.Error.Status is not null,
                Authorized: error.Error.Status is not null && error.Kind != ProviderErrorKind.Auth,
                RightsSufficient: error.Kind == ProviderErrorKind.Auth ? false : null,
                error.Message);
        }

        try
        {
            await (lookAtRights?.Invoke() ?? Task.CompletedTask);
            return new VendorStatus(vendor, true, true, lookAtRights is null ? null : true, verdict);
        }
        catch (ProviderException error)
        {
            return new VendorStatus(
                vendor, true, true, error.Kind == ProviderErrorKind.Auth ? false : null, error.Message);
        }
    }
}
