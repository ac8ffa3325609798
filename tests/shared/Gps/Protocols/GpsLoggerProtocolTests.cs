using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class GpsLoggerProtocolTests
{
    [Fact]
    public void Parse_a_full_template_is_in_metres_a_second()
    {
        var parsed = Get(
            "?lat=12.193&lon=19.111&sat=9&desc=blah&alt=45.0&acc=8.0&dir=359.0&prov=MOCK&spd_kph=324.18&spd=90.05"
            + "&time=2016-03-05T19:24:29.949Z&battery=91.0&androidId=22&serial=SRS11&activity=",
            SpeedUnit.Knots);

        Assert.Equal(GpsProtocol.GpsLogger, parsed.Protocol);
        Assert.Equal(
            new GpsPoint(
                Utc("2016-03-05T19:24:29.949Z"), 12.193, 19.111, 45, 90.05, 359, 8, 91, null,
                """{"sat":9,"desc":"blah","prov":"MOCK","androidId":22,"serial":"SRS11"}"""),
            parsed.Point());
    }

    [Fact]
    public void Parse_zero_accuracy_and_battery_are_unknown()
    {
        var point = Get("?lat=12.193&lon=19.111&alt=0.0&acc=0.0&dir=0.0&spd=0.0&time=2016-03-05T19:24:29.949Z&battery=0.0").Point();

        Assert.Equal((0, 0, null, null), (point.AltitudeM, point.SpeedMps, point.AccuracyM, point.BatteryPercent));
    }

    [Theory]
    [InlineData("timeoff=2016-03-05T21:24:29.949%2B02:00", "2016-03-05T19:24:29.949Z")]
    [InlineData("spd=1&time=2016-03-05T19:24:29.949Z&epoch=1457205869", "2016-03-05T19:24:29Z")]
    [InlineData("spd=1&timestamp=1457205869000&time=2015-03-05T19:24:29.949Z", "2016-03-05T19:24:29Z")]
    [InlineData("spd=1&date=2016-03-05", "2026-11-22T12:00:00Z")]
    public void Parse_the_most_exact_time_wins(string time, string expected) =>
        Assert.Equal(Utc(expected), Get($"?lat=12.193&lon=19.456&{time}").Point().Time);

    [Fact]
    public void Parse_kilometres_an_hour_serve_when_there_is_nothing_better() =>
        Assert.Equal(10, Get("?lat=12.193&lon=19.456&spd_kph=36").Point().SpeedMps!.Value, 9);

    [Fact]
    public void Parse_the_method_may_be_any_word() =>
        Assert.Equal(
            GpsProtocol.GpsLogger,
            Messages.Parse(new GpsRequest { Method = "BREW", QueryString = "lat=12.193&lon=19.456&profile=Default+Profile" })
                .Protocol);
}
