using Npgsql;
using WebHost.Data;
using WebHost.Gps;
using WebHost.Placement;
using WebHost.Security;

namespace WebHost.Fleet;

/// <summary>
/// Devices. The control database knows their tokens, so that the door can tell whose a point is; the tenant's database knows
/// which vehicle they ride in, and moves with the tenant.
/// </summary>
public sealed class DeviceStore(ControlDatabase control, TenantSessions sessions)
{
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
