using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Providers.Fly;
using WebHost.Providers.Redis;

namespace WebHost.Migration;

/// <summary>Looks whether anything of a home is left that was removed.</summary>
public sealed class HomeProof(
    ControlDatabase control, PlacementStore placements, FlyApps apps, IRedisService redis)
{
    /// <summary>Looks.</summary>
    /// <returns>What was looked at, for people.</returns>
    /// <exception cref="InvalidOperationException">Something is left, or the tenant is served from there.</exception>
    public async Task<string> ProveGoneAsync(Guid tenantId, long home, CancellationToken cancellationToken)
    {
        var removed = await placements.GetHomeAsync(tenantId, home, cancellationToken);
        if (removed.State != PlacementState.Elsewhere)
        {
            throw new InvalidOperationException($"Tenant {tenantId} is served from home {home}.");
        }

        var left = new List<string>();
        if (removed.DatabaseId is { } database)
        {
            left.Add($"database {database}");
        }

        await using (var connection = await control.OpenAsync(cancellationToken))
        {
            left.AddRange(await connection.Sql(
                "SELECT format('slot %s', slot) FROM server_slots WHERE tenant_id = $1 AND home = $2", tenantId, home)
                .ListAsync(row => row.GetString(0), cancellationToken));
            left.AddRange(await connection.Sql(
                "SELECT 'secret ' || name FROM secrets WHERE name LIKE '%/' || $1", removed.Names.TenantRole)
                .ListAsync(row => row.GetString(0), cancellationToken));
        }

        if (removed.Provider == HostingProvider.Fly)
        {
            foreach (var app in new[] { removed.Names.App, removed.Names.DatabaseApp })
            {
                if (await apps.FindAppAsync(app, cancellationToken) is not null)
                {
                    left.Add($"app {app}");
                }
            }

            if (await redis.FindAsync(removed.Names.Redis, cancellationToken) is not null)
            {
                left.Add($"Redis {removed.Names.Redis}");
            }
        }

        return left.Count == 0
            ? removed.Provider == HostingProvider.Fly
                ? $"Apps {removed.Names.App} and {removed.Names.DatabaseApp}, their volumes and machines, and Redis {removed.Names.Redis} are gone."
                : $"Rows, role {removed.Names.TenantRole}, Redis user and slot are gone."
            : throw new InvalidOperationException($"Of home {home} is left: {string.Join(", ", left)}.");
    }
}
