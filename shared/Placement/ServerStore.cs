using System.Net;
using Npgsql;
using WebHost.Data;
using WebHost.Json;

namespace WebHost.Placement;

/// <summary>Shared servers and their slots, in the control database.</summary>
public sealed class ServerStore(ControlDatabase control)
{
    private const string Select =
        """
        SELECT s.id, s.name, s.provider_server_number, s.region, s.address, s.state, s.database_id,
               count(l.slot)::int, count(l.tenant_id)::int, s.redis_host, s.redis_port, s.redis_user, s.redis_certificate_sha256
        FROM servers s JOIN server_slots l ON l.server_id = s.id
        """;

    private const string GroupAndOrder = "GROUP BY s.id ORDER BY s.created_at, s.name";

    /// <summary>Adds a server with its slots within the caller's transaction.</summary>
    public static async Task AddAsync(NpgsqlTransaction transaction, Server server, CancellationToken cancellationToken)
    {
        await transaction.Sql(
            """
            INSERT INTO servers (id, name, provider_server_number, region, address, state, database_id, redis_host, redis_port,
                redis_user, redis_certificate_sha256)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::integer, $10, $11)
            """,
            server.Id, server.Name, server.ProviderServerNumber, server.Region, IPAddress.Parse(server.Address),
            server.State, server.DatabaseId, server.Redis?.Host, server.Redis?.Port, server.Redis?.User, server.Redis?.CertificateSha256)
            .RunAsync(cancellationToken);
        await transaction.Sql(
            "INSERT INTO server_slots (server_id, slot) SELECT $1, slot FROM generate_series(1, $2) AS slot",
            server.Id, server.Capacity).RunAsync(cancellationToken);
    }

    /// <summary>All servers, oldest first.</summary>
    public async Task<IReadOnlyList<Server>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"{Select} {GroupAndOrder}").ListAsync(Read, cancellationToken);
    }

    /// <summary>The server, or null.</summary>
    public async Task<Server?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"{Select} WHERE s.id = $1 {GroupAndOrder}", id).FirstAsync(Read, cancellationToken);
    }

    /// <summary>The server of that name, or null.</summary>
    public async Task<Server?> FindByNameAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"{Select} WHERE s.name = $1 {GroupAndOrder}", name)
            .FirstAsync(Read, cancellationToken);
    }

    /// <summary>Name of a server that has that number or that database; null when none has.</summary>
    public async Task<string?> FindOtherAsync(
        long providerServerNumber, string host, int port, string database, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT s.name FROM servers s JOIN databases d ON d.id = s.database_id
            WHERE s.provider_server_number = $1 OR (d.host, d.port, d.name) = ($2, $3, $4)
            """,
            providerServerNumber, host, port, database).FirstAsync(row => row.GetString(0), cancellationToken);
    }

    /// <summary>Slots that are free on servers that take tenants.</summary>
    /// <param name="movingTenant">Whose own servers are left out; null for a tenant who is new.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<int> CountFreeSlotsAsync(Guid? movingTenant, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT count(*)::int FROM server_slots l JOIN servers s ON s.id = l.server_id
            WHERE (l.tenant_id IS NULL OR l.reserved_until < now()) AND s.state = $1
              AND NOT EXISTS (SELECT FROM homes h WHERE h.tenant_id = $2::uuid AND h.server_id = s.id)
            """,
            ServerState.Accepting, movingTenant).FirstAsync(row => row.GetInt32(0), cancellationToken);
    }

    /// <summary>
    /// Gives a tenant's home a slot and its server, or answers null when every server is full. A home that has one keeps it.
    /// Servers in the preferred region come first, then older ones, so that one fills before the next; a server on which the
    /// tenant has another home is none.
    /// </summary>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="home">Number of its home.</param>
    /// <param name="preferredRegion">The provider's region code.</param>
    /// <param name="lifetime">After which the slot is free again unless it is kept; null when it is the home's for good.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public Task<(Server Server, int Slot)?> ReserveSlotAsync(
        Guid tenantId, long home, string preferredRegion, TimeSpan? lifetime, CancellationToken cancellationToken) =>
        control.TransactAsync<(Server, int)?>(
            async transaction =>
            {
                var found = await transaction.Sql(
                    """
                    UPDATE server_slots SET reserved_until = now() + $3::interval WHERE tenant_id = $1 AND home = $2
                    RETURNING server_id, slot
                    """,
                    tenantId, home, lifetime).ListAsync(ReadSlot, cancellationToken);
                if (found.Count == 0 && await TryReserveAsync(
                    transaction, tenantId, home, preferredRegion, lifetime, cancellationToken) is { } reserved)
                {
                    found = [reserved];
                }

                if (found.Count == 0)
                {
                    return null;
                }

                var (serverId, slot) = found[0];
                var server = await transaction.Sql($"{Select} WHERE s.id = $1 {GroupAndOrder}", serverId)
                    .FirstAsync(Read, cancellationToken);
                await transaction.Sql(
                    """
                    UPDATE homes SET server_id = $3, database_id = $4, region = $5 WHERE tenant_id = $1 AND number = $2
                    """,
                    tenantId, home, serverId, server!.DatabaseId, server.Region).RunAsync(cancellationToken);
                return (server, slot);
            },
            cancellationToken);

    /// <summary>
    /// Reserves a slot, as <see cref="ReserveSlotAsync"/> does, for a home that is about to be added within the caller's
    /// transaction. Null when every server is full.
    /// </summary>
    public static async Task<(Guid ServerId, int Slot)?> TryReserveAsync(
        NpgsqlTransaction transaction,
        Guid tenantId,
        long home,
        string preferredRegion,
        TimeSpan? lifetime,
        CancellationToken cancellationToken)
    {
        var found = await transaction.Sql(
            """
            UPDATE server_slots
            SET tenant_id = $1, home = $2, reserved_at = now(), reserved_until = now() + $3::interval
            WHERE (server_id, slot) = (
                SELECT l.server_id, l.slot FROM server_slots l JOIN servers s ON s.id = l.server_id
                WHERE (l.tenant_id IS NULL OR l.reserved_until < now()) AND s.state = $4
                  AND NOT EXISTS (SELECT FROM homes h WHERE h.tenant_id = $1 AND h.number <> $2
                                                        AND h.server_id = l.server_id)
                ORDER BY s.region = $5 DESC, s.created_at, s.id, l.slot
                LIMIT 1 FOR UPDATE OF l SKIP LOCKED)
            RETURNING server_id, slot
            """,
            tenantId, home, lifetime, ServerState.Accepting, preferredRegion).ListAsync(ReadSlot, cancellationToken);
        return found is [var slot] ? slot : null;
    }

    /// <summary>Has a server take no more tenants. Doing it again is harmless.</summary>
    public async Task CloseAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql("UPDATE servers SET state = $2 WHERE id = $1", id, ServerState.Closed).RunAsync(cancellationToken);
    }

    /// <summary>Makes the home's reservation last for good.</summary>
    /// <returns>False when it had run out and the slot is somebody else's.</returns>
    public async Task<bool> KeepSlotAsync(Guid tenantId, long home, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "UPDATE server_slots SET reserved_until = NULL WHERE tenant_id = $1 AND home = $2", tenantId, home)
            .RunAsync(cancellationToken) == 1;
    }

    /// <summary>Gives the home's slot back and takes the server from it. Without one, nothing happens.</summary>
    public Task ReleaseSlotAsync(Guid tenantId, long home, CancellationToken cancellationToken) =>
        control.TransactAsync(
            async transaction =>
            {
                await transaction.Sql(
                    """
                    UPDATE server_slots SET tenant_id = NULL, home = NULL, reserved_at = NULL, reserved_until = NULL
                    WHERE tenant_id = $1 AND home = $2
                    """,
                    tenantId, home).RunAsync(cancellationToken);
                return await transaction.Sql(
                    "UPDATE homes SET server_id = NULL, database_id = NULL WHERE tenant_id = $1 AND number = $2",
                    tenantId, home).RunAsync(cancellationToken);
            },
            cancellationToken);

    private static (Guid ServerId, int Slot) ReadSlot(NpgsqlDataReader row) => (row.GetGuid(0), row.GetInt32(1));

    private static Server Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Name = row.GetString(1),
        ProviderServerNumber = row.GetInt64(2),
        Region = row.GetString(3),
        Address = row.GetFieldValue<IPAddress>(4).ToString(),
        State = WireName.Parse<ServerState>(row.GetString(5)),
        DatabaseId = row.GetGuid(6),
        Capacity = row.GetInt32(7),
        Tenants = row.GetInt32(8),
        Redis = row.Maybe<string>(9) is { } host
            ? new ServerRedis(host, row.GetInt32(10), row.GetString(11), row.Maybe<string>(12))
            : null,
    };
}
