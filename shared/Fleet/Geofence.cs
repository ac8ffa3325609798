using NetTopologySuite.Geometries;

namespace WebHost.Fleet;

/// <summary>An area that a tenant has drawn.</summary>
/// <param name="GeofenceId">The tenant's own id for it: letters, digits, '-', '_' and '.', at most 64.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Area">A polygon or multipolygon; WGS84, longitude before latitude.</param>
/// <param name="Version">Grows with every change; the value of its ETag.</param>
/// <param name="UpdatedAt">When it last changed, UTC.</param>
public sealed record Geofence(string GeofenceId, string Name, Geometry Area, long Version, DateTimeOffset UpdatedAt);
