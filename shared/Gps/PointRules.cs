using WebHost.Gps.Reading;

namespace WebHost.Gps;

/// <summary>
/// What makes a fix a point. A wrong position or time condemns it; an optional value that cannot be (devices write -1 for
/// unknown) is left out and the point stays.
/// </summary>
internal static class PointRules
{
    private const double FastestMps = 10_000;
    private const double DeepestM = -20_000;
    private const double HighestM = 1_000_000;
    private const double WorstAccuracyM = 50_000_000;

    private static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan LargestLead = TimeSpan.FromDays(1);

    /// <summary>Why the fix is no point, nothing when it is one.</summary>
    public static QuarantineReason? FindFault(RawFix fix, DateTimeOffset receivedAt) => fix switch
    {
        { Latitude: null } or { Longitude: null } => QuarantineReason.MissingPosition,
        { Latitude: var lat, Longitude: var lon } when !double.IsFinite(lat.Value) || !double.IsFinite(lon.Value) =>
            QuarantineReason.NotANumber,
        { Latitude: < -90 or > 90 } or { Longitude: < -180 or > 180 } => QuarantineReason.OutOfRange,
        { Latitude: 0, Longitude: 0 } => QuarantineReason.NullIsland,
        { HasUnreadableTime: true } => QuarantineReason.UnreadableTime,
        { Time: null } => QuarantineReason.MissingTime,
        { Time: var time } when time < Earliest => QuarantineReason.Before2000,
        { Time: var time } when time - receivedAt > LargestLead => QuarantineReason.Future,
        _ => null,
    };

    /// <summary>The point that a fix without a fault is.</summary>
    public static GpsPoint ToPoint(RawFix fix) => new(
        ToMicroseconds(fix.Time!.Value),
        fix.Latitude!.Value,
        fix.Longitude!.Value,
        Within(fix.AltitudeM, DeepestM, HighestM),
        Within(fix.SpeedMps, 0, FastestMps),
        Within(fix.CourseDegrees, 0, 360) is { } course ? course % 360 : null,
        Within(fix.AccuracyM, 0, WorstAccuracyM),
        Within(fix.BatteryPercent, 0, 100),
        fix.DeviceHint,
        fix.Extras.ToJson());

    /// <summary>The sign of life that a fix without a position is; a time that cannot be is replaced by the receipt's.</summary>
    public static GpsHeartbeat ToHeartbeat(RawFix fix, DateTimeOffset receivedAt) => new(
        ToMicroseconds(fix.Time is { } time && time >= Earliest && time - receivedAt <= LargestLead ? time : receivedAt),
        Within(fix.BatteryPercent, 0, 100),
        fix.DeviceHint,
        fix.Extras.ToJson());

    private static double? Within(double? value, double least, double most) =>
        value >= least && value <= most ? value : null;

    // PostgreSQL keeps microseconds: what is finer would make a repeated point look like another.
    private static DateTimeOffset ToMicroseconds(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
