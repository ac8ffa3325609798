namespace WebHost.Gps.Reading;

/// <summary>
/// What a parser has read of one message, already in our units but not judged yet. A value that is there and cannot be read is
/// NaN. One instance serves a whole request.
/// </summary>
internal sealed class RawFix : IDisposable
{
    // More than TrackerStore takes, so that a name that is cut is still refused; a message of the queue has to bear it.
    private const int LongestHint = 256;

    public DateTimeOffset? Time { get; set; }

    public bool HasUnreadableTime { get; set; }

    public double? Latitude { get; set; }

    public double? Longitude { get; set; }

    public double? AltitudeM { get; set; }

    public double? SpeedMps { get; set; }

    public double? CourseDegrees { get; set; }

    public double? AccuracyM { get; set; }

    public double? BatteryPercent { get; set; }

    /// <summary>What the device calls itself; of a name longer than any that can be registered, the beginning.</summary>
    public string? DeviceHint
    {
        get;
        set => field = value is { Length: > LongestHint } ? value[..LongestHint] : value;
    }

    public ExtrasWriter Extras { get; } = ExtrasWriter.Rent();

    public bool HasPosition => Latitude is not null || Longitude is not null;

    /// <summary>Whether anything was recognised, extras aside.</summary>
    public bool HasAny =>
        HasPosition || Time is not null || HasUnreadableTime || AltitudeM is not null || SpeedMps is not null
        || CourseDegrees is not null || AccuracyM is not null || BatteryPercent is not null || DeviceHint is not null;

    public void SetTime(DateTimeOffset? time)
    {
        Time = time;
        HasUnreadableTime = time is null;
    }

    public void Reset()
    {
        Time = null;
        HasUnreadableTime = false;
        Latitude = Longitude = AltitudeM = SpeedMps = CourseDegrees = AccuracyM = BatteryPercent = null;
        DeviceHint = null;
        Extras.Reset();
    }

    public void Dispose() => Extras.Dispose();
}
