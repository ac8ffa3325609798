using CsCheck;
using WebHost.Gps;
using WebHost.Gps.Ingestion;

namespace WebHost.Tests.Gps.Ingestion;

/// <summary>Batches as the door makes them.</summary>
internal static class Batches
{
    public static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    private static readonly Gen<DateTimeOffset> Time = Gen.Long[0, 4_000_000_000_000_000]
        .Select(microseconds => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond));

    // A single's value, since the database keeps no more.
    private static readonly Gen<double?> Value = Gen.Float[-1e6f, 1e6f].Select(value => (double)value).Nullable();

    private static readonly Gen<string?> Text = Gen.OneOf<string?>(null, "van", "ključ \"x\" 車", "", "{\"a\":[1,\"é\"]}");

    /// <summary>Whatever a batch can hold.</summary>
    public static readonly Gen<PointBatch> Any = Gen.Select(
        Time,
        Gen.OneOf<GpsProtocol>(Enum.GetValues<GpsProtocol>()),
        Gen.Select(Time, Gen.Double[-90, 90], Gen.Double[-180, 180], Value, Value, Value, Value, Text).Select(
            (time, lat, lon, a, b, c, d, text) => new GpsPoint(time, lat, lon, a, b, c, d, a, text, text)).Array[0, 40],
        Gen.Select(Time, Value, Text, Text).Select(
            (time, battery, hint, extras) => new GpsHeartbeat(time, battery, hint, extras)).Array[0, 5],
        Gen.Select(Gen.OneOf<QuarantineReason>(Enum.GetValues<QuarantineReason>()), Gen.String, Text).Select(
            (reason, raw, hint) => new QuarantinedPoint(reason, WebHost.Gps.Reading.StorableText.From(raw), hint)).Array[0, 5],
        Text.Select(ident => ident is null ? null : new TrackerName(Guid.NewGuid(), ident))).Select(
            (received, protocol, points, heartbeats, quarantined, tracker) => new PointBatch(
                Guid.NewGuid(), Guid.NewGuid(), received, protocol, points, heartbeats, quarantined, tracker));

    /// <summary>So many points, a second apart.</summary>
    public static PointBatch Of(Guid tenantId, Guid deviceId, int points, string? extras = null, int from = 0) => new(
        tenantId,
        deviceId,
        Start,
        GpsProtocol.Json,
        [.. Enumerable.Range(from, points).Select(i => new GpsPoint(Start.AddSeconds(i), 46.05, 14.5, Extras: extras))],
        [],
        []);

    public static void AssertSame(PointBatch expected, IReadOnlyList<PointBatch> parts)
    {
        Assert.All(parts, part => Assert.Equal(
            (expected.TenantId, expected.DeviceId, expected.ReceivedAt, expected.Protocol, expected.Tracker),
            (part.TenantId, part.DeviceId, part.ReceivedAt, part.Protocol, part.Tracker)));
        Assert.Equal(expected.Points, parts.SelectMany(part => part.Points));
        Assert.Equal(expected.Heartbeats, parts.SelectMany(part => part.Heartbeats));
        Assert.Equal(expected.Quarantined, parts.SelectMany(part => part.Quarantined));
    }
}
