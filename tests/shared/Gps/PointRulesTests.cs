using System.Globalization;
using CsCheck;
using WebHost.Gps;
using WebHost.Tests.Gps.Protocols;

namespace WebHost.Tests.Gps;

public sealed class PointRulesTests
{
    [Theory]
    [InlineData("90", "180", null)]
    [InlineData("-90", "-180", null)]
    [InlineData("0", "14.5", null)]
    [InlineData("46.05", "0", null)]
    [InlineData("0", "0", QuarantineReason.NullIsland)]
    [InlineData("-0.0", "0.0", QuarantineReason.NullIsland)]
    [InlineData("90.0001", "14.5", QuarantineReason.OutOfRange)]
    [InlineData("46.05", "-180.0001", QuarantineReason.OutOfRange)]
    [InlineData("1e400", "14.5", QuarantineReason.NotANumber)]
    [InlineData("null", "14.5", QuarantineReason.MissingPosition)]
    public void FindFault_positions_must_be_on_the_globe_and_not_at_its_origin(string lat, string lon, QuarantineReason? expected) =>
        Assert.Equal(expected, Fault(lat, lon, "1750000000"));

    [Theory]
    [InlineData("1999-12-31T23:59:59Z", QuarantineReason.Before2000)]
    [InlineData("2000-01-01T00:00:00Z", null)]
    [InlineData("2026-11-23T12:00:00Z", null)]
    [InlineData("2026-11-23T12:00:00.001Z", QuarantineReason.Future)]
    [InlineData("9999-12-31T23:59:59Z", QuarantineReason.Future)]
    [InlineData("0001-01-01T00:00:00+14:00", QuarantineReason.UnreadableTime)]
    [InlineData("2026-02-30T00:00:00Z", QuarantineReason.UnreadableTime)]
    [InlineData("2026-02-28T24:00:00Z", QuarantineReason.UnreadableTime)]
    [InlineData("2026-02-28T12:00:00+2", QuarantineReason.UnreadableTime)]
    [InlineData("2026-02-28T12:00:00.Z", QuarantineReason.UnreadableTime)]
    [InlineData("2026-02-28", QuarantineReason.UnreadableTime)]
    public void FindFault_times_must_be_of_this_century_and_at_most_a_day_ahead(string time, QuarantineReason? expected) =>
        Assert.Equal(expected, Fault("46.05", "14.5", $"\"{time}\""));

    [Theory]
    [InlineData("1e300")]
    [InlineData("-1e300")]
    [InlineData("99999999999999999999")]
    public void FindFault_epochs_beyond_the_calendar_are_unreadable_and_do_not_overflow(string epoch) =>
        Assert.Equal(QuarantineReason.UnreadableTime, Fault("46.05", "14.5", epoch));

    [Fact]
    public void ToPoint_any_accepted_point_is_within_the_rules() =>
        Gen.Select(
            Gen.Double[-100, 100], Gen.Double[-200, 200], Gen.Double[-1e9, 1e12], Gen.Double[-10, 400], Gen.Double[-1e6, 1e7])
            .Sample((lat, lon, time, small, large) =>
            {
                var parsed = Messages.Post(string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"time":{{time}},"lat":{{lat}},"lon":{{lon}},"speed":{{large}},"course":{{small}},"battery":{{small}},"accuracy":{{large}},"altitude":{{large}}}"""));

                Assert.Null(parsed.Failure);
                Assert.Equal(1, parsed.Points.Count + parsed.QuarantinedCount);
                Assert.All(parsed.Points, point =>
                {
                    Assert.InRange(point.Latitude, -90, 90);
                    Assert.InRange(point.Longitude, -180, 180);
                    Assert.InRange(point.Time, Messages.Utc("2000-01-01T00:00:00Z"), Messages.ReceivedAt.AddDays(1));
                    Assert.Equal(TimeSpan.Zero, point.Time.Offset);
                    Assert.Equal(0, point.Time.Ticks % 10);
                    Assert.InRange(point.CourseDegrees ?? 0, 0, 359.999999999);
                    Assert.InRange(point.BatteryPercent ?? 0, 0, 100);
                    Assert.True(point.SpeedMps is null or >= 0);
                    Assert.True(point.AccuracyM is null or >= 0);
                });
            }, iter: 2_000);

    private static QuarantineReason? Fault(string lat, string lon, string time)
    {
        var parsed = Messages.Post($$"""{"time":{{time}},"lat":{{lat}},"lon":{{lon}}}""");
        Assert.Null(parsed.Failure);
        Assert.Equal(1, parsed.Points.Count + parsed.QuarantinedCount);
        return parsed.Quarantined.Count == 0 ? null : parsed.Quarantined[0].Reason;
    }
}
