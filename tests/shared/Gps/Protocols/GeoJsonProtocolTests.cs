using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class GeoJsonProtocolTests
{
    private const string Feature =
        """
        {"type":"Feature","geometry":{"type":"Point","coordinates":[14.5,46.05,300.5]},
        "properties":{"time":"2025-06-15T15:06:40Z","speed":12.5,"lat":1,"driver":"Ana"}}
        """;

    [Fact]
    public void Parse_a_feature_takes_longitude_first()
    {
        var parsed = Post(Feature);

        Assert.Equal(GpsProtocol.GeoJson, parsed.Protocol);
        Assert.Equal(
            new GpsPoint(Utc("2025-06-15T15:06:40Z"), 46.05, 14.5, 300.5, 12.5, Extras: """{"driver":"Ana"}"""), parsed.Point());
    }

    [Theory]
    [InlineData("""{"type":"FeatureCollection","features":[{0}]}""")]
    [InlineData("""{"features":[{0}],"bbox":[1,2,3,4],"type":"FeatureCollection"}""")]
    public void Parse_a_collection_whatever_the_order_of_its_members(string shape) =>
        Post(shape.Replace("{0}", Feature, StringComparison.Ordinal)).Point();

    [Fact]
    public void Parse_the_properties_timestamp_is_a_time_too() =>
        Assert.Equal(
            Utc("2025-06-15T15:06:40Z"),
            Post("""{"properties":{"timestamp":1750000000},"geometry":{"coordinates":[14.5,46.05],"type":"Point"},"type":"Feature"}""")
                .Point().Time);

    [Theory]
    [InlineData("""{"type":"LineString","coordinates":[[14.5,46.05],[14.6,46.06]]}""", QuarantineReason.NotANumber)]
    [InlineData("""{"type":"Point","coordinates":[14.5]}""", QuarantineReason.NotANumber)]
    [InlineData("""{"type":"Point","coordinates":[]}""", QuarantineReason.NotANumber)]
    [InlineData("""{"type":"Point"}""", QuarantineReason.NotANumber)]
    [InlineData("""{"type":"Point","coordinates":[46.05,146.5]}""", QuarantineReason.OutOfRange)]
    [InlineData("7", QuarantineReason.NotANumber)]
    public void Parse_another_geometry_than_a_point_is_quarantined(string geometry, QuarantineReason reason) =>
        Assert.Equal(
            reason,
            Post($$"""{"type":"Feature","geometry":{{geometry}},"properties":{"time":1750000000} }""").Quarantine().Reason);

    [Fact]
    public void Parse_a_feature_without_a_geometry_is_a_heartbeat() =>
        Post("""{"type":"Feature","geometry":null,"properties":{"time":1750000000}}""").Heartbeat();

    [Fact]
    public void Parse_an_element_that_is_no_feature_is_quarantined_alone()
    {
        var parsed = Post($$"""{"type":"FeatureCollection","features":[7,{{Feature}},[]] }""");

        Assert.Single(parsed.Points);
        Assert.Equal(2, parsed.QuarantinedCount);
    }

    [Theory]
    [InlineData("""{"type":"FeatureCollection"}""")]
    [InlineData("""{"type":"FeatureCollection","features":{}}""")]
    [InlineData("""{"type":"FeatureCollection","features":[""")]
    public void Parse_a_collection_without_features_fails(string body) => Assert.NotNull(Post(body).Failure);
}
