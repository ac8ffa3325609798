using Microsoft.Extensions.Caching.Memory;
using Npgsql;
using WebHost.Data;
using WebHost.Gps;
using WebHost.Json;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Security;

namespace WebHost.Fleet;

/// <summary>
/// Devices. The control database knows their tokens, so that the door can tell whose a point is; the tenant's database knows
/// which vehicle they ride in, and moves with the tenant.
/// </summary>
public sealed class DeviceStore(ControlDatabase control, TenantSessions sessions, IMemoryCache cache)
{
    private const string SelectKnown =
        """
        SELECT d.id, d.tenant_id, t.plan, d.speed_unit, d.ident, b.idents, b.ids
        FROM devices d JOIN tenants t ON t.id = d.tenant_id
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(ident ORDER BY id), '{}') AS idents,
                   coalesce(array_agg(CASE WHEN revoked_at IS NULL THEN id END ORDER BY id), '{}') AS ids
            FROM devices WHERE gateway_id = d.id) AS b
        """;

    // A revoked token is refused everywhere after this long at the latest.
    private static readonly TimeSpan CacheFor = TimeSpan.FromSeconds(5);

    /// <summary>The tenant's devices, oldest first.</summary>
    public Task<List<Device>> ListAsync(Guid tenantId, CancellationToken cancellationToken) =>
        sessions.ReadAsync(
            tenantId,
            session => session.Sql(
                """
                SELECT d.device_id, d.name, v.vehicle_id, d.created_at, d.gateway_id, d.ident FROM fleet.devices d
                LEFT JOIN LATERAL (
                    SELECT vehicle_id FROM fleet.device_vehicles
                    WHERE device_id = d.device_id ORDER BY since DESC LIMIT 1) AS v ON true
                ORDER BY d.created_at, d.device_id
                """).ListAsync(
                row => new Device(
                    row.GetGuid(0),
                    row.GetString(1),
                    row.Maybe<string>(2),
                    row.GetFieldValue<DateTimeOffset>(3),
                    row.MaybeValue<Guid>(4),
                    row.Maybe<string>(5)),
                cancellationToken),
            cancellationToken);

    /// <summary>Registers a device.</summary>
    /// <returns>The device with its token, or null when the tenant has no such vehicle.</returns>
    public async Task<NewDevice?> CreateAsync(
        Guid tenantId, string name, string? vehicleId, SpeedUnit speedUnit, CancellationToken cancellationToken)
    {
        // The tenant's database comes first: should the rest fail, nobody holds a token, and the row can do no harm.
        var deviceId = Guid.CreateVersion7();
        if (!await AddToFleetAsync(tenantId, deviceId, name, vehicleId, cancellationToken))
        {
            return null;
        }

        var token = OpaqueToken.Generate(TokenKind.Device);
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "INSERT INTO devices (id, tenant_id, name, token_hash, speed_unit) VALUES ($1, $2, $3, $4, $5)",
            deviceId, tenantId, name, OpaqueToken.Hash(token), speedUnit).RunAsync(cancellationToken);
        return new NewDevice(deviceId, token);
    }

    /// <summary>
    /// Revokes a device's token, or has what a tracker without one sends go into quarantine; its points stay. False when the
    /// tenant has no such device.
    /// </summary>
    public async Task<bool> RevokeAsync(Guid tenantId, Guid deviceId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "UPDATE devices SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = $1 AND id = $2", tenantId, deviceId)
            .RunAsync(cancellationToken) > 0;
    }

    /// <summary>The tenant's devices that have a token, revoked ones too, with the trackers behind them.</summary>
    public async Task<IReadOnlyList<KnownDevice>> ListKnownAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql($"{SelectKnown} WHERE d.tenant_id = $1 AND d.token_hash IS NOT NULL", tenantId)
            .ListAsync(ReadKnown, cancellationToken);
    }

    /// <summary>The device whose token this is, or null when it is unknown or revoked.</summary>
    public async ValueTask<KnownDevice?> FindByTokenAsync(string token, CancellationToken cancellationToken)
    {
        if (!OpaqueToken.IsWellFormed(TokenKind.Device, token))
        {
            return null;
        }

        if (cache.TryGetValue((nameof(DeviceStore), token), out KnownDevice? known))
        {
            return known;
        }

        // Every device that speaks is looked up every few seconds, and planning the statement is most of what that costs.
        await using var connection = await control.OpenAsync(cancellationToken);
        var select = connection.Sql(
            $"{SelectKnown} WHERE d.token_hash = $1 AND d.revoked_at IS NULL", OpaqueToken.Hash(token));
        await select.PrepareAsync(cancellationToken);
        var device = await select.FirstAsync(ReadKnown, cancellationToken);
        return cache.Set((nameof(DeviceStore), token), device, CacheFor);
    }

    private static KnownDevice ReadKnown(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetGuid(1),
        WireName.Parse<PlanId>(row.GetString(2)),
        WireName.Parse<SpeedUnit>(row.GetString(3)),
        new KnownTrackers(
            row.GetGuid(0),
            row.Maybe<string>(4),
            row.GetFieldValue<string[]>(5).Zip(row.GetFieldValue<Guid?[]>(6))));

    private Task<bool> AddToFleetAsync(
        Guid tenantId, Guid deviceId, string name, string? vehicleId, CancellationToken cancellationToken) =>
        sessions.WriteAsync(
            tenantId,
            async session =>
            {
                if (vehicleId is not null && !await HasVehicleAsync(session, vehicleId, cancellationToken))
                {
                    return false;
                }

                await session.Sql(
                    "INSERT INTO fleet.devices (customer_id, device_id, name) VALUES ($1, $2, $3)", tenantId, deviceId, name)
                    .RunAsync(cancellationToken);
                await session.Sql(
                    "INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id) VALUES ($1, $2, now(), $3)",
                    tenantId, deviceId, vehicleId).RunAsync(cancellationToken);
                return true;
            },
            cancellationToken);

    // Locked, so that the vehicle cannot be deleted before the device is in it.
    private static async Task<bool> HasVehicleAsync(
        NpgsqlTransaction session, string vehicleId, CancellationToken cancellationToken) =>
        await session.Sql("SELECT true FROM fleet.vehicles WHERE vehicle_id = $1 FOR SHARE", vehicleId)
            .FirstAsync(row => row.GetBoolean(0), cancellationToken);
}
