namespace WebHost.Gps;

/// <summary>A sign of life without a position: never a point.</summary>
/// <param name="Time">When the device sent it, UTC; when it was received if the device did not say.</param>
/// <param name="BatteryPercent">0 to 100.</param>
/// <param name="DeviceHint">What the device calls itself in the message.</param>
/// <param name="Extras">Everything else in the message: a JSON object that PostgreSQL's jsonb takes.</param>
public sealed record GpsHeartbeat(
    DateTimeOffset Time, double? BatteryPercent = null, string? DeviceHint = null, string? Extras = null);
