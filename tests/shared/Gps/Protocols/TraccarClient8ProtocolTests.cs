using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class TraccarClient8ProtocolTests
{
    private const string Query =
        "?id=123456789012345&timestamp=1750000000&lat=46.05&lon=14.5&speed=10.0&bearing=90.0&altitude=300.0&accuracy=4.5"
        + "&batt=87.5";

    [Theory]
    [InlineData(SpeedUnit.Knots)]
    [InlineData(SpeedUnit.MetresPerSecond)]
    public void Parse_a_post_with_an_empty_body_is_in_knots_whatever_the_setting(SpeedUnit setting)
    {
        var parsed = Post("", Query, setting);

        Assert.Equal(GpsProtocol.TraccarClient8, parsed.Protocol);
        var point = parsed.Point();
        Assert.Equal(
            new GpsPoint(
                Utc("2025-06-15T15:06:40Z"), 46.05, 14.5, 300, point.SpeedMps, 90, 4.5, 87.5, "123456789012345"), point);
        Assert.Equal(5.144444, point.SpeedMps!.Value, 6);
    }

    [Fact]
    public void Parse_an_alarm_is_kept() =>
        Assert.Equal("""{"alarm":"alert message"}""", Post("", Query + "&alarm=alert%20message").Point().Extras);

    [Fact]
    public void Parse_the_message_of_a_phone_without_a_fix_is_quarantined_behind_a_success()
    {
        var parsed = Post(
            "", "?id=123456789012345&timestamp=619315200&lat=0.0&lon=0.0&speed=0.0&bearing=0.0&altitude=0.0&accuracy=0.0&batt=0.0");

        Assert.Equal(QuarantineReason.NullIsland, parsed.Quarantine().Reason);
        Assert.Equal(GpsReply.Empty, parsed.Reply);
    }

    [Fact]
    public void Parse_the_same_query_by_GET_is_another_apps() => Assert.Equal(GpsProtocol.OsmAnd, Get(Query).Protocol);
}
