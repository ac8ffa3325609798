using Npgsql;
using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Tenants;

namespace WebHost.Fleet;

/// <summary>What came of changing a vehicle.</summary>
public enum VehicleChange
{
    /// <summary>It is new.</summary>
    Created,

    /// <summary>It was there and is changed.</summary>
    Updated,

    /// <summary>It was changed by somebody else since the caller saw it, or is not there.</summary>
    Outdated,

    /// <summary>The plan allows no further vehicle.</summary>
    OverLimit,
}

/// <summary>The vehicles of a tenant, in the tenant's database.</summary>
public sealed class VehicleStore(TenantSessions sessions, TenantStore tenants)
{
    private const string Columns = "vehicle_id, name, plate, version, updated_at";

    /// <summary>The tenant's vehicles by id.</summary>
    public Task<List<Vehicle>> ListAsync(Guid tenantId, CancellationToken cancellationToken) =>
        sessions.ReadAsync(
            tenantId,
            session => session.Sql($"SELECT {Columns} FROM fleet.vehicles ORDER BY vehicle_id")
                .ListAsync(Read, cancellationToken),
            cancellationToken);

    /// <summary>The vehicle, or null.</summary>
    public Task<Vehicle?> FindAsync(Guid tenantId, string vehicleId, CancellationToken cancellationToken) =>
        sessions.ReadAsync(
            tenantId,
            session => session.Sql($"SELECT {Columns} FROM fleet.vehicles WHERE vehicle_id = $1", vehicleId)
                .FirstAsync(Read, cancellationToken),
            cancellationToken);

    /// <summary>Creates or replaces a vehicle.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="vehicleId">Which.</param>
    /// <param name="name">What people call it.</param>
    /// <param name="plate">Its licence plate.</param>
    /// <param name="expectedVersion">Only when it is at this version; 0 only when it does not exist; null whatever it is.</param>
    /// <param name="mustExist">Only when it exists, at whatever version.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public async Task<(VehicleChange Change, Vehicle? Vehicle)> PutAsync(
        Guid tenantId, string vehicleId, string name, string? plate, long? expectedVersion, bool mustExist,
        CancellationToken cancellationToken)
    {
        var tenant = await tenants.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
        var limit = PlanCatalog.Standard.Get(tenant.Plan).Limits.Vehicles;
        return await sessions.WriteAsync<(VehicleChange, Vehicle?)>(
            tenantId,
            async session =>
            {
                // One change of a fleet at a time: two additions at once would each see room for one more.
                await session.Sql("SELECT pg_advisory_xact_lock(hashtext($1))", $"vehicles of {tenantId}")
                    .RunAsync(cancellationToken);
                var updated = await session.Sql(
                    $"""
                    UPDATE fleet.vehicles SET name = $2, plate = $3, version = version + 1, updated_at = now()
                    WHERE vehicle_id = $1 AND ($4::bigint IS NULL OR version = $4) RETURNING {Columns}
                    """,
                    vehicleId, name, plate, expectedVersion).FirstAsync(Read, cancellationToken);
                if (updated is not null)
                {
                    return (VehicleChange.Updated, updated);
                }

                if (mustExist || expectedVersion > 0 || await ExistsAsync(session, vehicleId, cancellationToken))
                {
                    return (VehicleChange.Outdated, null);
                }

                var count = await session.Sql("SELECT count(*)::int FROM fleet.vehicles")
                    .FirstAsync(row => row.GetInt32(0), cancellationToken);
                if (count >= limit)
                {
                    return (VehicleChange.OverLimit, null);
                }

                return (VehicleChange.Created, await session.Sql(
                    $"INSERT INTO fleet.vehicles (customer_id, vehicle_id, name, plate) VALUES ($1, $2, $3, $4) RETURNING {Columns}",
                    tenantId, vehicleId, name, plate).FirstAsync(Read, cancellationToken));
            },
            cancellationToken);
    }

    /// <summary>Deletes a vehicle; devices that ride in it ride in none from then on. False when it is not there or changed meanwhile.</summary>
    public Task<bool> DeleteAsync(
        Guid tenantId, string vehicleId, long? expectedVersion, CancellationToken cancellationToken) =>
        sessions.WriteAsync(
            tenantId,
            async session =>
            {
                var deleted = await session.Sql(
                    "DELETE FROM fleet.vehicles WHERE vehicle_id = $1 AND ($2::bigint IS NULL OR version = $2)",
                    vehicleId, expectedVersion).RunAsync(cancellationToken);
                await session.Sql(
                    """
                    INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id)
                    SELECT customer_id, device_id, now(), NULL FROM (
                        SELECT DISTINCT ON (device_id) * FROM fleet.device_vehicles ORDER BY device_id, since DESC) AS now_in
                    WHERE vehicle_id = $1 AND $2
                    """,
                    vehicleId, deleted > 0).RunAsync(cancellationToken);
                return deleted > 0;
            },
            cancellationToken);

    private static Task<bool> ExistsAsync(NpgsqlTransaction session, string vehicleId, CancellationToken cancellationToken) =>
        session.Sql("SELECT EXISTS (SELECT FROM fleet.vehicles WHERE vehicle_id = $1)", vehicleId)
            .FirstAsync(row => row.GetBoolean(0), cancellationToken);

    private static Vehicle Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.Maybe<string>(2), row.GetInt64(3), row.GetFieldValue<DateTimeOffset>(4));
}
