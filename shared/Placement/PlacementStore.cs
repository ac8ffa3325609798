using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Plans;

namespace WebHost.Placement;

/// <summary>Tenants' homes, and the placements that say which of them serve, in the control database.</summary>
public sealed class PlacementStore(ControlDatabase control)
{
    private const string Select =
        """
        SELECT p.tenant_id, CASE WHEN h.number = p.home THEN p.epoch ELSE h.number END, h.number, h.plan, h.mode, h.provider,
               h.region, p.hostname, CASE WHEN h.number = p.home THEN p.state ELSE 'elsewhere' END, h.server_id, h.database_id
        FROM placements p JOIN homes h ON h.tenant_id = p.tenant_id
        """;

    /// <summary>Adds a tenant's placement with its first home within the caller's transaction.</summary>
    public static async Task AddAsync(
        NpgsqlTransaction transaction, TenantPlacement placement, Guid? operationId, CancellationToken cancellationToken)
    {
        await AddHomeAsync(transaction, placement, operationId, cancellationToken);
        await transaction.Sql(
            "INSERT INTO placements (tenant_id, epoch, home, hostname, state) VALUES ($1, $2, $3, $4, $5)",
            placement.TenantId, placement.Epoch, placement.Home, placement.Hostname, placement.State).RunAsync(cancellationToken);
    }

    /// <summary>Adds a home that an operation is to make, within the caller's transaction.</summary>
    public static Task AddHomeAsync(
        NpgsqlTransaction transaction, TenantPlacement home, Guid? operationId, CancellationToken cancellationToken) =>
        transaction.Sql(
            """
            INSERT INTO homes (tenant_id, number, plan, mode, provider, region, operation_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            home.TenantId, home.Home, home.Plan, home.Mode, home.Provider, home.Region, operationId).RunAsync(cancellationToken);

    /// <summary>
    /// Has the tenant served from another home, at a newer epoch, unless that has happened or anything else has meanwhile,
    /// within the caller's transaction.
    /// </summary>
    /// <param name="transaction">Commits it.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="from">The epoch at which it is believed to be served.</param>
    /// <param name="to">The epoch from now on.</param>
    /// <param name="home">The home from now on.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>False when the tenant is not placed at <paramref name="from"/>.</returns>
    public static async Task<bool> MoveAsync(
        NpgsqlTransaction transaction, Guid tenantId, long from, long to, long home, CancellationToken cancellationToken) =>
        await transaction.Sql(
            "UPDATE placements SET epoch = $3, home = $4, updated_at = now() WHERE tenant_id = $1 AND epoch = $2",
            tenantId, from, to, home).RunAsync(cancellationToken) == 1;

    /// <summary>The tenant's placement.</summary>
    /// <exception cref="InvalidOperationException">The tenant has none.</exception>
    public async Task<TenantPlacement> GetAsync(Guid tenantId, CancellationToken cancellationToken) =>
        await FindAsync(tenantId, cancellationToken)
        ?? throw new InvalidOperationException($"Tenant {tenantId} has no placement.");

    /// <summary>
    /// One of the tenant's homes: the placement itself when the home serves, otherwise what the placement would be, at the epoch
    /// that is the home's number, in state <see cref="PlacementState.Elsewhere"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">The tenant has no such home.</exception>
    public async Task<TenantPlacement> GetHomeAsync(Guid tenantId, long home, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"{Select} WHERE p.tenant_id = $1 AND h.number = $2", tenantId, home)
            .FirstAsync(Read, cancellationToken)
            ?? throw new InvalidOperationException($"Tenant {tenantId} has no home {home}.");
    }

    /// <summary>The number of the tenant's next home: above every epoch and every home's number.</summary>
    public Task<long> NextHomeAsync(Guid tenantId, CancellationToken cancellationToken) => control.TransactAsync(
        transaction => NextHomeAsync(transaction, tenantId, cancellationToken), cancellationToken);

    /// <summary>The number of the tenant's next home, within the caller's transaction, who holds the placement.</summary>
    public static Task<long> NextHomeAsync(
        NpgsqlTransaction transaction, Guid tenantId, CancellationToken cancellationToken) =>
        transaction.Sql(
            """
            SELECT greatest(p.epoch, (SELECT max(number) FROM homes h WHERE h.tenant_id = p.tenant_id)) + 1
            FROM placements p WHERE p.tenant_id = $1
            """,
            tenantId).FirstAsync(row => row.GetInt64(0), cancellationToken);

    /// <summary>The operation that made a home; null when that was before homes were counted.</summary>
    public async Task<Guid?> FindMakerAsync(Guid tenantId, long home, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql("SELECT operation_id FROM homes WHERE tenant_id = $1 AND number = $2", tenantId, home)
            .FirstAsync(row => row.MaybeValue<Guid>(0), cancellationToken);
    }

    /// <summary>The tenant's placement, or null.</summary>
    public async Task<TenantPlacement?> FindAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"{Select} WHERE p.tenant_id = $1 AND h.number = p.home", tenantId)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>The placements that are served, those in one database behind each other.</summary>
    public async Task<IReadOnlyList<TenantPlacement>> ListServedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            $"{Select} WHERE h.number = p.home AND p.state = $1 AND h.database_id IS NOT NULL ORDER BY h.database_id",
            PlacementState.Serving).ListAsync(Read, cancellationToken);
    }

    /// <summary>The databases from which tenants are served.</summary>
    public async Task<IReadOnlyList<ServedDatabase>> ListServedDatabasesAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT h.database_id, count(*)::int, min(h.plan), h.server_id, s.name,
                   CASE WHEN h.server_id IS NULL THEN (array_agg(t.id))[1] END,
                   CASE WHEN h.server_id IS NULL THEN min(t.company) END
            FROM placements p
            JOIN homes h ON h.tenant_id = p.tenant_id AND h.number = p.home
            JOIN tenants t ON t.id = p.tenant_id
            LEFT JOIN servers s ON s.id = h.server_id
            WHERE p.state = $1 AND h.database_id IS NOT NULL
            GROUP BY h.database_id, h.server_id, s.name
            """,
            PlacementState.Serving).ListAsync(
            row => new ServedDatabase(
                row.GetGuid(0), row.GetInt32(1), WireName.Parse<PlanId>(row.GetString(2)), row.MaybeValue<Guid>(3),
                row.Maybe<string>(4), row.MaybeValue<Guid>(5), row.Maybe<string>(6)),
            cancellationToken);
    }

    /// <summary>The placement behind a hostname, or null.</summary>
    public async Task<TenantPlacement?> FindByHostnameAsync(string hostname, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"{Select} WHERE p.hostname = $1 AND h.number = p.home", hostname)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>Says which database a home has.</summary>
    public async Task UseDatabaseAsync(Guid tenantId, long home, Guid databaseId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE homes SET database_id = $3 WHERE tenant_id = $1 AND number = $2",
            tenantId, home, databaseId).RunAsync(cancellationToken);
    }

    /// <summary>Puts the placement into a state.</summary>
    public async Task EnterAsync(Guid tenantId, long epoch, PlacementState state, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE placements SET state = $3, updated_at = now() WHERE tenant_id = $1 AND epoch = $2",
            tenantId, epoch, state).RunAsync(cancellationToken);
    }

    private static TenantPlacement Read(NpgsqlDataReader row) => new()
    {
        TenantId = row.GetGuid(0),
        Epoch = row.GetInt64(1),
        Home = row.GetInt64(2),
        Plan = WireName.Parse<PlanId>(row.GetString(3)),
        Mode = WireName.Parse<HostingMode>(row.GetString(4)),
        Provider = WireName.Parse<HostingProvider>(row.GetString(5)),
        Region = row.GetString(6),
        Hostname = row.GetString(7),
        State = WireName.Parse<PlacementState>(row.GetString(8)),
        ServerId = row.MaybeValue<Guid>(9),
        DatabaseId = row.MaybeValue<Guid>(10),
    };
}
