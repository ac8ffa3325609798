namespace WebHost.Gps.GeoJson;

/// <summary>A point with the device that sent it.</summary>
/// <param name="DeviceId">Our id of the device.</param>
/// <param name="Point">The point.</param>
public sealed record DevicePoint(Guid DeviceId, GpsPoint Point);
