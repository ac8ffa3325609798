using NetTopologySuite.Geometries;

namespace WebHost.Fleet;

/// <summary>Which points are asked for.</summary>
/// <param name="From">From this fix time on.</param>
/// <param name="To">Before this fix time.</param>
/// <param name="Area">
/// Only those within it, its edge included: a polygon or multipolygon in WGS84. Everywhere when null.
/// </param>
public sealed record PointSpan(DateTimeOffset From, DateTimeOffset To, Geometry? Area);
