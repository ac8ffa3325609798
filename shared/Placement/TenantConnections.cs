using System.Collections.Concurrent;
using Npgsql;

namespace WebHost.Placement;

/// <summary>
/// Connection pools to tenant databases: one for each tenant's role, one for each database's ingesting role. Pools are small
/// and give idle connections back, since a process may talk to hundreds of tenants.
/// </summary>
public sealed class TenantConnections(TenantDatabaseStore databases) : IAsyncDisposable
{
    private const int TenantPoolSize = 5;
    private const int IngestPoolSize = 8;
    private const int IdleSeconds = 30;

    private readonly ConcurrentDictionary<(Guid Database, string Role), Lazy<Task<NpgsqlDataSource>>> _pools = new();

    /// <summary>The pool of the tenant's own role.</summary>
    /// <exception cref="TenantNotServedException">The placement has no database yet.</exception>
    public Task<NpgsqlDataSource> ForTenantAsync(TenantPlacement placement) =>
        placement.DatabaseId is { } databaseId
            ? PoolAsync(databaseId, _ => placement.Names.TenantRole, placement.Names.TenantRole, TenantPoolSize)
            : throw new TenantNotServedException(placement.TenantId);

    /// <summary>The pool of a database's ingesting role.</summary>
    public Task<NpgsqlDataSource> ForIngestAsync(Guid databaseId) =>
        PoolAsync(databaseId, database => database.Roles.Ingest, "ingest", IngestPoolSize);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var pool in _pools.Values.Where(pool => pool.IsValueCreated && pool.Value.IsCompletedSuccessfully))
        {
            await (await pool.Value).DisposeAsync();
        }
    }

    private async Task<NpgsqlDataSource> PoolAsync(
        Guid databaseId, Func<TenantDatabaseAddress, string> role, string key, int size)
    {
        var pool = _pools.GetOrAdd(
            (databaseId, key), _ => new Lazy<Task<NpgsqlDataSource>>(() => CreateAsync(databaseId, role, size)));
        try
        {
            return await pool.Value;
        }
        catch
        {
            // Not remembered: the next caller tries again.
            _pools.TryRemove(new((databaseId, key), pool));
            throw;
        }
    }

    private async Task<NpgsqlDataSource> CreateAsync(Guid databaseId, Func<TenantDatabaseAddress, string> role, int size)
    {
        var database = await databases.GetAsync(databaseId, CancellationToken.None);
        var login = await databases.RoleLoginAsync(database, role(database), CancellationToken.None);
        login.Settings.MaxPoolSize = size;
        login.Settings.ConnectionIdleLifetime = IdleSeconds;
        login.Settings.ConnectionPruningInterval = IdleSeconds / 3;
        return login.CreatePool();
    }
}
