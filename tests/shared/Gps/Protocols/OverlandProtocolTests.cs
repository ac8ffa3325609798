using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class OverlandProtocolTests
{
    private const string Batch =
        """
        {"locations":[{"type":"Feature","geometry":{"type":"Point","coordinates":[13.3777,52.5163]},"properties":{
        "timestamp":"2026-08-22T10:00:00Z","altitude":34,"speed":-1,"course":-1,"horizontal_accuracy":5,"battery_level":0.875,
        "motion":["driving"],"wifi":"","device_id":"van7"}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[13.378,52.517]},"properties":{
        "timestamp":"2026-08-22T10:10:00Z","type":"trip","mode":"car","device_id":"van7"}},
        {"type":"Feature","geometry":{"type":"Point","coordinates":[13.378,52.517]},"properties":{
        "timestamp":"2026-08-22T10:12:00Z","action":"visit","departure_date":null,"device_id":"van7"}},
        {"type":"Feature","properties":{"timestamp":"2026-08-22T10:12:30Z","action":"will_terminate","device_id":"van7"}}],
        "current":{"type":"Feature","geometry":{"type":"Point","coordinates":[13.378,52.517]},"properties":{
        "timestamp":"2026-08-22T10:13:00Z","device_id":"van7"}}}
        """;

    [Fact]
    public void Parse_a_batch_counts_fixes_only_and_never_the_preview()
    {
        var parsed = Post(Batch);

        Assert.Equal(GpsProtocol.Overland, parsed.Protocol);
        Assert.Equal("""{"result":"ok"}""", parsed.Reply.Body);
        Assert.Equal(
            new GpsPoint(
                Utc("2026-08-22T10:00:00Z"), 52.5163, 13.3777, 34, null, null, 5, 87.5, "van7",
                """{"motion":["driving"],"wifi":""}"""),
            Assert.Single(parsed.Points));
        Assert.Equal(3, parsed.Heartbeats.Count);
        Assert.Equal(0, parsed.QuarantinedCount);
    }

    [Fact]
    public void Parse_an_offset_without_a_colon_and_an_empty_device_id()
    {
        var point = Post(
            """
            {"locations":[{"type":"Feature","geometry":{"type":"Point","coordinates":[-122.030581, 37.331800]},"properties":{
            "unique_id":"u-1","device_id":"","timestamp":"2015-10-01T08:00:00-0700","speed":4}}]}
            """).Point();

        Assert.Equal(
            new GpsPoint(Utc("2015-10-01T15:00:00Z"), 37.3318, -122.030581, SpeedMps: 4, DeviceHint: "u-1"), point);
    }

    [Theory]
    [InlineData("""{"locations":[]}""", 0)]
    [InlineData("""{"locations":[7]}""", 1)]
    [InlineData("""{"locations":{"a":1}}""", 1)]
    [InlineData("""{"locations":[{"type":"Fea""", 1)]
    public void Parse_wrong_batches_still_say_ok_since_the_app_would_repeat_them_for_ever(string body, int quarantined)
    {
        var parsed = Post(body);

        Assert.Null(parsed.Failure);
        Assert.Equal(quarantined, parsed.QuarantinedCount);
        Assert.Equal("""{"result":"ok"}""", parsed.Reply.Body);
    }
}
