using System.Text;
using WebHost.Gps;
using WebHost.Tests.Gps.Protocols;

namespace WebHost.Tests.Gps;

public sealed class GpsParserTests
{
    internal static readonly string[] Bodies =
    [
        """{"time":"2026-11-22T10:00:00Z","lat":46.05,"lon":14.5,"speed":12.5,"extra":{"a":[1,"\u00e9"]}}""",
        """{"points":[{"time":1750000000,"lat":46.05,"lon":14.5},{"time":1750000001,"lat":46.06,"lon":14.6}]}""",
        "{\"time\":1750000000,\"lat\":46.05,\"lon\":14.5}\n{\"time\":1750000001,\"lat\":46.06,\"lon\":14.6}\n",
        """{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[14.5,46.05]},"properties":{"time":1750000000}}]}""",
        """{"cog":271,"lon":2.29513,"vel":61,"lat":48.85833,"tst":1497349316,"_type":"location","tid":"JJ"}""",
        """{"locations":[{"type":"Feature","geometry":{"type":"Point","coordinates":[13.3777,52.5163]},"properties":{"timestamp":"2026-08-22T10:00:00Z","battery_level":0.87,"device_id":"van7"}}],"current":{}}""",
        """{"location":{"timestamp":"2025-06-15T13:45:12.862Z","coords":{"latitude":37.4219983,"longitude":-122.084},"battery":{"level":1},"extras":{}},"device_id":"48241179"}""",
        """[{"position.speed":0,"position.latitude":53.90573,"timestamp":1506956075,"position.longitude":27.455848,"ident":"605630"}]""",
        """{"points":[[52.5163,13.3777,1750000000,34.0,5.0,87,12,"PhoneTrack",1.4,270.0]]}""",
        "id=48241179&lat=37.4219983&lon=-122.084&timestamp=1750000000&accuracy=5.0&speed=9.72&batt=88&charge=true",
        "lat=12.193&lon=19.111&sat=9&alt=45.0&acc=8.0&dir=359.0&prov=MOCK&spd=9005.0&time=2016-03-05T19:24:29.949Z",
    ];

    [Fact]
    public void Parse_one_device_may_change_its_protocol_from_post_to_post() =>
        Assert.Equal(
            [
                GpsProtocol.Json, GpsProtocol.Json, GpsProtocol.NdJson, GpsProtocol.GeoJson, GpsProtocol.OwnTracks,
                GpsProtocol.Overland, GpsProtocol.TraccarClient9, GpsProtocol.Flespi, GpsProtocol.PhoneTrack,
                GpsProtocol.TraccarClient10, GpsProtocol.GpsLogger,
            ],
            Bodies.Select(body => Messages.Post(body).Protocol));

    [Fact]
    public void Parse_every_sample_finds_points_and_nothing_to_quarantine() =>
        Assert.All(Bodies, body =>
        {
            var parsed = Messages.Post(body);
            Assert.NotEmpty(parsed.Points);
            Assert.Equal(0, parsed.QuarantinedCount);
        });

    [Theory]
    [InlineData("""{"time":1750000000,"lat":46.05,"lon":14.5,"location":"Depot"}""")]
    [InlineData("""[{"time":1750000000,"lat":46.05,"lon":14.5,"ident":"x"}]""")]
    [InlineData("""{"time":1750000000,"lat":46.05,"lon":14.5,"type":"car"}""")]
    public void Parse_an_extra_that_another_protocol_uses_does_not_mislead(string body) =>
        Assert.Equal(GpsProtocol.Json, Messages.Post(body).Protocol);

    [Theory]
    [InlineData("""{"\ud800location":1,"\udfff":{"\ud800":"\ud800"},"location":{"\ud800coords":{},"coords":{"\ud800":1}},"device_id":"\ud800"}""")]
    [InlineData("""{"locations\ud800":1,"locations":[{"properties":{"\ud800":1,"type":"\ud800trip"},"geometry":{"type":"\ud800Point"}}]}""")]
    [InlineData("""{"type":"FeatureCollection","features\ud800":1,"features":[{"geometry":{"type":"Point\ud800","coordinates":["\ud800"]} }]}""")]
    [InlineData("""{"points\ud800":1,"points":[["\ud800","\ud800","\ud800"]]}""")]
    [InlineData("""{"_type":"\ud800","\ud800":"\ud800","topic":"\ud800"}""")]
    [InlineData("""[{"ident":"\ud800","timestamp":"\ud800","\ud800":{}}]""")]
    [InlineData("""{"lat":"\ud800","lon":1,"time":"\ud800","\ud800":1}""")]
    public void Parse_escapes_that_make_no_character_do_not_throw(string body) =>
        Check(new GpsRequest { Method = "POST", Body = Encoding.UTF8.GetBytes(body) });

    internal static void Check(GpsRequest request)
    {
        var parsed = Messages.Parse(request);

        if (parsed.Failure is null)
        {
            Assert.Equal(Math.Min(1_000, parsed.QuarantinedCount), parsed.Quarantined.Count);
        }
        else
        {
            Assert.Equal(0, parsed.Points.Count + parsed.Heartbeats.Count + parsed.QuarantinedCount);
        }

        foreach (var extras in parsed.Points.Select(point => point.Extras)
            .Concat(parsed.Heartbeats.Select(heartbeat => heartbeat.Extras)))
        {
            if (extras is not null)
            {
                using var document = System.Text.Json.JsonDocument.Parse(extras);
                Assert.DoesNotContain("\\u0000", extras, StringComparison.Ordinal);
                Assert.DoesNotContain('\0', extras);
            }
        }

        Assert.All(parsed.Quarantined, quarantined => Assert.DoesNotContain('\0', quarantined.Raw));
    }
}
