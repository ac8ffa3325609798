using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class TraccarClient10ProtocolTests
{
    [Theory]
    [InlineData(SpeedUnit.Knots)]
    [InlineData(SpeedUnit.MetresPerSecond)]
    public void Parse_a_form_is_in_knots_whatever_the_setting(SpeedUnit setting)
    {
        var parsed = Post(
            "id=48241179&lat=37.4219983&lon=-122.084&timestamp=1750000000&accuracy=5.0&altitude=5.0&speed=9.72&bearing=63.0"
            + "&batt=88&charge=true",
            unit: setting);

        Assert.Equal(GpsProtocol.TraccarClient10, parsed.Protocol);
        Assert.Equal(GpsReply.Empty, parsed.Reply);
        var point = parsed.Point();
        Assert.Equal(
            new GpsPoint(
                Utc("2025-06-15T15:06:40Z"), 37.4219983, -122.084, 5, point.SpeedMps, 63, 5, 88, "48241179",
                """{"charge":true}"""),
            point);
        Assert.Equal(5.0004, point.SpeedMps!.Value, 6);
    }

    [Fact]
    public void Parse_a_phone_at_rest_without_a_fix_is_a_heartbeat()
    {
        var parsed = Post("id=48241179&timestamp=1750000300&batt=88&charge=true");

        Assert.Equal(GpsProtocol.TraccarClient10, parsed.Protocol);
        Assert.Equal(
            new GpsHeartbeat(Utc("2025-06-15T15:11:40Z"), 88, "48241179", """{"charge":true}"""), parsed.Heartbeat());
    }

    [Fact]
    public void Parse_an_emergency_keeps_its_alarm() =>
        Assert.Equal(
            """{"alarm":"sos"}""",
            Post(
                "id=48241179&lat=37.4219983&lon=-122.084&timestamp=1750000600&accuracy=5.0&speed=0.0&bearing=0.0&batt=87&alarm=sos")
                .Point().Extras);

    [Fact]
    public void Parse_a_token_in_the_query_does_not_hide_the_form() =>
        Assert.Equal(
            GpsProtocol.TraccarClient10, Post("id=1&lat=37.4&lon=-122.1&timestamp=1750000000", "?token=wht_x").Protocol);

    [Fact]
    public void Parse_a_form_with_other_fields_is_another_apps() =>
        Assert.Equal(GpsProtocol.OsmAnd, Post("id=1&lat=37.4&lon=-122.1&timestamp=1750000000&rpm=900").Protocol);
}
