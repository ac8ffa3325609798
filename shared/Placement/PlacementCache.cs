using Microsoft.Extensions.Caching.Memory;

namespace WebHost.Placement;

/// <summary>
/// Placements as this process last saw them. They may be a few seconds old; that is safe, because every write checks the
/// epoch where it writes.
/// </summary>
public sealed class PlacementCache(PlacementStore placements, IMemoryCache cache)
{
    private static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);

    /// <summary>The tenant's placement.</summary>
    /// <exception cref="TenantUnknownException">There is no such tenant.</exception>
    /// <exception cref="TenantNotServedException">It is not served.</exception>
    public async Task<TenantPlacement> GetServedAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        return await GetAsync(tenantId, cancellationToken) switch
        {
            null => throw new TenantUnknownException(tenantId),
            { State: PlacementState.Serving } placement => placement,
            _ => throw new TenantNotServedException(tenantId),
        };
    }

    /// <summary>Forgets what was seen, after somebody found it outdated.</summary>
    public void Forget(Guid tenantId) => cache.Remove(Key(tenantId));

    private async Task<TenantPlacement?> GetAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        if (cache.TryGetValue(Key(tenantId), out TenantPlacement? known))
        {
            return known;
        }

        var placement = await placements.FindAsync(tenantId, cancellationToken);
        return placement is { State: PlacementState.Serving } ? cache.Set(Key(tenantId), placement, CacheFor) : placement;
    }

    private static (string, Guid) Key(Guid tenantId) => (nameof(PlacementCache), tenantId);
}
