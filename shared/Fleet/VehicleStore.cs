using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Tenants;

namespace WebHost.Fleet;

/// <summary>The vehicles of a tenant, in the tenant's database.</summary>
public sealed class VehicleStore(TenantSessions sessions, TenantStore tenants)
{
    private static readonly VersionedTable<Vehicle> Vehicles = new(
        "fleet.vehicles",
        "vehicle_id",
        ["name", "plate"],
        row => new Vehicle(
            row.GetString(0), row.GetString(1), row.Maybe<string>(2), row.GetInt64(3), row.GetFieldValue<DateTimeOffset>(4)));

    /// <summary>The tenant's vehicles by id.</summary>
    public Task<List<Vehicle>> ListAsync(Guid tenantId, CancellationToken cancellationToken) =>
        sessions.ReadAsync(
            tenantId, session => Vehicles.ListAsync(session, after: null, limit: null, cancellationToken), cancellationToken);

    /// <summary>The vehicle, or null.</summary>
    public Task<Vehicle?> FindAsync(Guid tenantId, string vehicleId, CancellationToken cancellationToken) =>
        sessions.ReadAsync(tenantId, session => Vehicles.FindAsync(session, vehicleId, cancellationToken), cancellationToken);

    /// <summary>Creates or replaces a vehicle.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="vehicleId">Which.</param>
    /// <param name="name">What people call it.</param>
    /// <param name="plate">Its licence plate.</param>
    /// <param name="expected">What the caller expects to find.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public async Task<(VersionedChange Change, Vehicle? Vehicle)> PutAsync(
        Guid tenantId, string vehicleId, string name, string? plate, RowExpectation expected, CancellationToken cancellationToken)
    {
        var tenant = await tenants.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
        var limit = PlanCatalog.Standard.Get(tenant.Plan).Limits.Vehicles;
        return await sessions.WriteAsync(
            tenantId,
            session => Vehicles.PutAsync(
                session, tenantId, vehicleId, [name, plate], expected, limit, cancellationToken),
            cancellationToken);
    }

    /// <summary>Deletes a vehicle; devices that ride in it ride in none from then on. False when it is not there or changed meanwhile.</summary>
    public Task<bool> DeleteAsync(
        Guid tenantId, string vehicleId, RowExpectation expected, CancellationToken cancellationToken) =>
        sessions.WriteAsync(
            tenantId,
            async session =>
            {
                var deleted = await Vehicles.DeleteAsync(session, vehicleId, expected, cancellationToken);
                await session.Sql(
                    """
                    INSERT INTO fleet.device_vehicles (customer_id, device_id, since, vehicle_id)
                    SELECT customer_id, device_id, now(), NULL FROM (
                        SELECT DISTINCT ON (device_id) * FROM fleet.device_vehicles ORDER BY device_id, since DESC) AS now_in
                    WHERE vehicle_id = $1 AND $2
                    """,
                    vehicleId, deleted).RunAsync(cancellationToken);
                return deleted;
            },
            cancellationToken);
}
