namespace WebHost.Gps;

/// <summary>One fix of a device, in our units, within <see cref="PointRules"/>.</summary>
/// <param name="Time">When the position was taken, UTC, in whole microseconds.</param>
/// <param name="Latitude">Degrees, WGS84.</param>
/// <param name="Longitude">Degrees, WGS84.</param>
/// <param name="AltitudeM">Metres, as the device reports them.</param>
/// <param name="SpeedMps">Metres a second, not negative.</param>
/// <param name="CourseDegrees">Degrees clockwise from north, 0 inclusive to 360 exclusive.</param>
/// <param name="AccuracyM">Radius in metres, not negative.</param>
/// <param name="BatteryPercent">0 to 100.</param>
/// <param name="DeviceHint">What the device calls itself in the message: which it is of those that share a token.</param>
/// <param name="Extras">Everything else in the message: a JSON object that PostgreSQL's jsonb takes.</param>
public sealed record GpsPoint(
    DateTimeOffset Time,
    double Latitude,
    double Longitude,
    double? AltitudeM = null,
    double? SpeedMps = null,
    double? CourseDegrees = null,
    double? AccuracyM = null,
    double? BatteryPercent = null,
    string? DeviceHint = null,
    string? Extras = null);
