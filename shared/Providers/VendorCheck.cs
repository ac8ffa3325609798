using WebHost.Providers.Cloudflare;
using WebHost.Providers.Fly;
using WebHost.Providers.Hetzner;
using WebHost.Providers.Redis;

namespace WebHost.Providers;

/// <summary>Looks at every provider with calls that change nothing.</summary>
public sealed class VendorCheck(HetznerServers servers, FlyApps apps, DnsRecords dns, IRedisService redis)
{
    // Asked for by name where a provider has no smaller question; nothing is ever called so.
    private const string Nothing = "webhost-vendor-check";

    /// <summary>One status a provider, whatever fails.</summary>
    public async Task<IReadOnlyList<VendorStatus>> RunAsync(CancellationToken cancellationToken = default) =>
        await Task.WhenAll(
            LookAsync("Hetzner", servers.ListAsync(cancellationToken)),
            LookAsync("Fly", apps.ListAsync(cancellationToken)),
            LookAsync("Cloudflare", dns.FindAsync(Nothing, cancellationToken)),
            LookAsync("Redis", redis.FindAsync(Nothing, cancellationToken)));

    private static async Task<VendorStatus> LookAsync(string vendor, Task look)
    {
        try
        {
            await look;
            return new VendorStatus(vendor, Reachable: true, Authorized: true, null);
        }
        catch (ProviderException error)
        {
            return new VendorStatus(
                vendor,
                Reachable: error.Error.Status is not null,
                Authorized: error.Error.Status is not null && error.Kind != ProviderErrorKind.Auth,
                error.Message);
        }
    }
}
