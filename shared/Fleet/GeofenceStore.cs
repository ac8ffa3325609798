using NetTopologySuite.Geometries;
using WebHost.Placement;

namespace WebHost.Fleet;

/// <summary>The geofences of a tenant, in the tenant's database.</summary>
public sealed class GeofenceStore(TenantSessions sessions)
{
    /// <summary>A tenant may have so many; our choice.</summary>
    public const int Limit = 500;

    private static readonly VersionedTable<Geofence> Geofences = new(
        "fleet.geofences",
        "geofence_id",
        ["name", "area"],
        row => new Geofence(
            row.GetString(0),
            row.GetString(1),
            row.GetFieldValue<Geometry>(2),
            row.GetInt64(3),
            row.GetFieldValue<DateTimeOffset>(4)));

    /// <summary>The tenant's geofences by id.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="after">Only those after this id; all when null.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public Task<List<Geofence>> ListAsync(Guid tenantId, string? after, int limit, CancellationToken cancellationToken) =>
        sessions.ReadAsync(
            tenantId, session => Geofences.ListAsync(session, after, limit, cancellationToken), cancellationToken);

    /// <summary>The geofence, or null.</summary>
    public Task<Geofence?> FindAsync(Guid tenantId, string geofenceId, CancellationToken cancellationToken) =>
        sessions.ReadAsync(tenantId, session => Geofences.FindAsync(session, geofenceId, cancellationToken), cancellationToken);

    /// <summary>Creates or replaces a geofence.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="geofenceId">Which.</param>
    /// <param name="name">What people call it.</param>
    /// <param name="area">A valid polygon or multipolygon (<see cref="GeofenceArea"/>).</param>
    /// <param name="expected">What the caller expects to find.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public Task<(VersionedChange Change, Geofence? Geofence)> PutAsync(
        Guid tenantId,
        string geofenceId,
        string name,
        Geometry area,
        RowExpectation expected,
        CancellationToken cancellationToken) =>
        sessions.WriteAsync(
            tenantId,
            session => Geofences.PutAsync(
                session, tenantId, geofenceId, [name, area], expected, Limit, cancellationToken),
            cancellationToken);

    /// <summary>Deletes a geofence. False when it is not there or changed meanwhile.</summary>
    public Task<bool> DeleteAsync(
        Guid tenantId, string geofenceId, RowExpectation expected, CancellationToken cancellationToken) =>
        sessions.WriteAsync(
            tenantId,
            session => Geofences.DeleteAsync(session, geofenceId, expected, cancellationToken),
            cancellationToken);
}
