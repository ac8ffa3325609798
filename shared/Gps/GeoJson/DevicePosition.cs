namespace WebHost.Gps.GeoJson;

/// <summary>Where a device was last.</summary>
/// <param name="DeviceId">Our id of the device.</param>
/// <param name="DeviceName">Its name.</param>
/// <param name="VehicleId">The vehicle it rides in, if any.</param>
/// <param name="Point">Its latest point.</param>
public sealed record DevicePosition(string DeviceId, string DeviceName, string? VehicleId, GpsPoint Point);
