using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Plans;

namespace WebHost.Placement;

/// <summary>Placements, in the control database.</summary>
public sealed class PlacementStore(ControlDatabase control)
{
    private const string Columns = "tenant_id, epoch, mode, provider, region, hostname, state, server_id, database_id";

    /// <summary>Adds a tenant's placement within the caller's transaction.</summary>
    public static Task AddAsync(NpgsqlTransaction transaction, TenantPlacement placement, CancellationToken cancellationToken) =>
        transaction.Sql(
            """
            INSERT INTO placements (tenant_id, epoch, mode, provider, region, hostname, state)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            placement.TenantId, placement.Epoch, placement.Mode, placement.Provider, placement.Region, placement.Hostname,
            placement.State).RunAsync(cancellationToken);

    /// <summary>The tenant's placement.</summary>
    /// <exception cref="InvalidOperationException">The tenant has none.</exception>
    public async Task<TenantPlacement> GetAsync(Guid tenantId, CancellationToken cancellationToken) =>
        await FindAsync(tenantId, cancellationToken)
        ?? throw new InvalidOperationException($"Tenant {tenantId} has no placement.");

    /// <summary>The tenant's placement, or null.</summary>
    public async Task<TenantPlacement?> FindAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM placements WHERE tenant_id = $1", tenantId)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>The placement behind a hostname, or null.</summary>
    public async Task<TenantPlacement?> FindByHostnameAsync(string hostname, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"SELECT {Columns} FROM placements WHERE hostname = $1", hostname)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>Says which database serves the placement.</summary>
    public async Task UseDatabaseAsync(Guid tenantId, long epoch, Guid databaseId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE placements SET database_id = $3, updated_at = now() WHERE tenant_id = $1 AND epoch = $2",
            tenantId, epoch, databaseId).RunAsync(cancellationToken);
    }

    /// <summary>Puts the placement into a state.</summary>
    public async Task EnterAsync(Guid tenantId, long epoch, PlacementState state, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE placements SET state = $3, updated_at = now() WHERE tenant_id = $1 AND epoch = $2",
            tenantId, epoch, state).RunAsync(cancellationToken);
    }

    internal static TenantPlacement Read(NpgsqlDataReader row) => new()
    {
        TenantId = row.GetGuid(0),
        Epoch = row.GetInt64(1),
        Mode = WireName.Parse<HostingMode>(row.GetString(2)),
        Provider = WireName.Parse<HostingProvider>(row.GetString(3)),
        Region = row.GetString(4),
        Hostname = row.GetString(5),
        State = WireName.Parse<PlacementState>(row.GetString(6)),
        ServerId = row.MaybeValue<Guid>(7),
        DatabaseId = row.MaybeValue<Guid>(8),
    };
}
