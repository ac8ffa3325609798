using NetTopologySuite.Geometries;

namespace WebHost.Fleet;

/// <summary>A point as it is kept.</summary>
/// <param name="DeviceId">Which device was there.</param>
/// <param name="Time">When, UTC.</param>
/// <param name="Position">Where, WGS84.</param>
/// <param name="AltitudeM">Metres.</param>
/// <param name="SpeedMps">Metres a second.</param>
/// <param name="CourseDegrees">Degrees clockwise from north.</param>
/// <param name="AccuracyM">Radius in metres.</param>
/// <param name="BatteryPercent">0 to 100.</param>
/// <param name="ReceivedAt">When it arrived, UTC.</param>
/// <param name="Extras">What else the device said, a JSON object.</param>
public sealed record StoredPoint(
    Guid DeviceId,
    DateTimeOffset Time,
    Point Position,
    float? AltitudeM,
    float? SpeedMps,
    float? CourseDegrees,
    float? AccuracyM,
    float? BatteryPercent,
    DateTimeOffset ReceivedAt,
    string? Extras);
