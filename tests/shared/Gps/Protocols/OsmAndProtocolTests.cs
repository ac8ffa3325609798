using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class OsmAndProtocolTests
{
    [Fact]
    public void Parse_a_full_query_reads_every_field_and_keeps_the_rest()
    {
        var parsed = Get(
            "?id=123456789012345&timestamp=1504763810&lat=40.7232948571&lon=-74.0061408571&bearing=7.19889788244"
            + "&speed=40&ignition=true&rpm=933&fuel=24&hdop=6.0&altitude=224.5&accuracy=4&batt=87");

        Assert.Equal(GpsProtocol.OsmAnd, parsed.Protocol);
        Assert.Equal(GpsReply.Empty, parsed.Reply);
        var point = parsed.Point();
        Assert.Equal(
            new GpsPoint(
                Utc("2017-09-07T05:56:50Z"), 40.7232948571, -74.0061408571, 224.5, point.SpeedMps, 7.19889788244, 4, 87,
                "123456789012345", """{"ignition":true,"rpm":933,"fuel":24,"hdop":6.0}"""),
            point);
        Assert.Equal(20.5778, point.SpeedMps!.Value, 4);
    }

    [Theory]
    [InlineData("timestamp=1442068686", "2015-09-12T14:38:06Z")]
    [InlineData("timestamp=1442068686579", "2015-09-12T14:38:06.579Z")]
    [InlineData("timestamp=2016-01-27T18%3A55%3A47Z", "2016-01-27T18:55:47Z")]
    [InlineData("timestamp=2016-01-27T18%3A55%3A47.123456%2B02:00", "2016-01-27T16:55:47.123456Z")]
    [InlineData("timestamp=2014-06-04+09%3A10%3A11", "2014-06-04T09:10:11Z")]
    [InlineData("timestamp=", "2026-11-22T12:00:00Z")]
    [InlineData("hdop=1", "2026-11-22T12:00:00Z")]
    public void Parse_times_in_every_form_and_takes_a_missing_one_as_now(string time, string expected) =>
        Assert.Equal(Utc(expected), Get($"id=1&lat=60.0&lon=30.0&{time}").Point().Time);

    [Theory]
    [InlineData(SpeedUnit.Knots, 5.144444)]
    [InlineData(SpeedUnit.MetresPerSecond, 10)]
    [InlineData(SpeedUnit.KilometresPerHour, 2.777778)]
    public void Parse_speed_is_in_the_unit_of_the_devices_setting(SpeedUnit unit, double expected) =>
        Assert.Equal(expected, Get("lat=60.0&lon=30.0&speed=10", unit).Point().SpeedMps!.Value, 6);

    [Fact]
    public void Parse_the_apps_own_template_with_metres_a_second() =>
        Assert.Equal(
            new GpsPoint(Utc("2025-06-15T13:45:12.862Z"), 46.05, 14.5, 300.5, 12.5, 270, null, 81, null, """{"hdop":1.5}"""),
            Get(
                "?lat=46.05&lon=14.5&timestamp=1749995112862&hdop=1.5&altitude=300.5&speed=12.5&bearing=270.0&batt=81",
                SpeedUnit.MetresPerSecond).Point());

    [Fact]
    public void Parse_a_location_pair_is_a_position()
    {
        var point = Get("id=123456&timestamp=1377177267&location=60.0,30.0").Point();

        Assert.Equal((60.0, 30.0), (point.Latitude, point.Longitude));
    }

    [Fact]
    public void Parse_the_id_may_come_last_and_have_another_name()
    {
        Assert.Equal("353861053849681", Get("lat=49.60688&lon=6.15788&altitude=384.7&id=353861053849681").Point().DeviceHint);
        Assert.Equal("123456", Get("lat=60.0&lon=30.0&heading=0.0&vacc=0&hacc=0&deviceid=123456").Point().DeviceHint);
    }

    [Fact]
    public void Parse_cells_and_networks_without_a_position_are_a_heartbeat()
    {
        var heartbeat = Get(
            "id=123456&timestamp=1377177267&cell=257,02,16,2224&cell=257,02,16,2223,-90&wifi=00-14-22-01-23-45,-80").Heartbeat();

        Assert.Equal(Utc("2013-08-22T13:14:27Z"), heartbeat.Time);
        Assert.Equal(
            """{"cell":["257,02,16,2224","257,02,16,2223,-90"],"wifi":"00-14-22-01-23-45,-80"}""", heartbeat.Extras);
    }

    [Theory]
    [InlineData("valid=false")]
    [InlineData("valid=0")]
    public void Parse_a_position_that_the_receiver_calls_invalid_is_a_heartbeat(string valid) =>
        Get($"id=1&lat=60&lon=30&{valid}").Heartbeat();

    [Fact]
    public void Parse_a_form_is_read_like_a_query() =>
        Assert.Equal(
            Get("lat=46.05&lon=14.5&timestamp=1749995112&driver=Ana+N%C3%A9meth").Point(),
            Post("lat=46.05&lon=14.5&timestamp=1749995112&driver=Ana+N%C3%A9meth").Point());

    [Theory]
    [InlineData("lat=60.0", QuarantineReason.MissingPosition)]
    [InlineData("lat=north&lon=30.0", QuarantineReason.NotANumber)]
    [InlineData("lat=NaN&lon=30.0", QuarantineReason.NotANumber)]
    [InlineData("location=60.0", QuarantineReason.NotANumber)]
    [InlineData("lat=60.0&lon=30.0&timestamp=yesterday", QuarantineReason.UnreadableTime)]
    [InlineData("timestamp=619315200&lat=0.0&lon=0.0", QuarantineReason.NullIsland)]
    [InlineData("foo=bar", QuarantineReason.Unreadable)]
    public void Parse_what_can_never_be_a_point_is_quarantined(string query, QuarantineReason reason)
    {
        var quarantined = Get(query).Quarantine();

        Assert.Equal(reason, quarantined.Reason);
        Assert.Equal(query, quarantined.Raw);
    }

    [Fact]
    public void Parse_credentials_in_the_query_go_nowhere()
    {
        var accepted = Get("token=wht_secret&api_key=k1&key=k2&lat=60&lon=30&note=wht_other").Point();
        var quarantined = Get("Token=wht_secret&access_token=k1&lat=99&lon=30&note=wht_other").Quarantine();

        Assert.Equal("""{"note":"wht_other"}""", accepted.Extras);
        Assert.Equal("lat=99&lon=30&note=wht_***", quarantined.Raw);
    }

    [Fact]
    public void Parse_the_path_token_alone_is_a_sign_of_life() =>
        Assert.Equal(ReceivedAt, Get("").Heartbeat().Time);

    [Fact]
    public void Parse_a_body_of_noise_is_quarantined_and_not_refused() =>
        Assert.Equal(QuarantineReason.Unreadable, Post("\u0001\u0002 not a form").Quarantine().Reason);

    [Theory]
    [InlineData("007", "\"007\"")]
    [InlineData("0", "0")]
    [InlineData("-1.50", "-1.50")]
    [InlineData("1e5", "\"1e5\"")]
    [InlineData("1.", "\"1.\"")]
    [InlineData("%00x", "\"\ufffdx\"")]
    [InlineData("1234567890123456", "\"1234567890123456\"")]
    public void Parse_extras_are_numbers_only_where_nothing_is_lost(string value, string json) =>
        Assert.Equal($$"""{"x":{{json}}}""", Get($"lat=60&lon=30&x={value}").Point().Extras);
}
