using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class TraccarClient9ProtocolTests
{
    private const string Location =
        """
        {"timestamp":"2025-06-15T13:45:12.862Z","coords":{"latitude":37.4219983,"longitude":-122.084,"accuracy":5,"speed":1.5,
        "heading":-1,"altitude":5},"is_moving":false,"battery":{"level":0.5,"is_charging":false},"activity":{"type":"still"},
        "_":"&id=48241179&lat=37.4219983&lon=-122.084&"}
        """;

    [Fact]
    public void Parse_a_location_is_in_metres_a_second_and_battery_a_fraction()
    {
        var parsed = Post($$"""{"location":{{Location}},"device_id":"48241179"}""");

        Assert.Equal(GpsProtocol.TraccarClient9, parsed.Protocol);
        Assert.Equal(GpsReply.Empty, parsed.Reply);
        Assert.Equal(
            new GpsPoint(
                Utc("2025-06-15T13:45:12.862Z"), 37.4219983, -122.084, 5, 1.5, null, 5, 50, "48241179",
                """{"is_moving":false,"is_charging":false,"activity":{"type":"still"}}"""),
            parsed.Point());
    }

    [Fact]
    public void Parse_a_batch_gives_each_location_the_devices_name()
    {
        var parsed = Post($$"""{"location":[{{Location}},7,{{Location}}],"device_id":48241179}""");

        Assert.Equal(["48241179", "48241179"], parsed.Points.Select(point => point.DeviceHint));
        Assert.Equal(1, parsed.QuarantinedCount);
    }

    [Fact]
    public void Parse_a_location_without_coordinates_is_a_heartbeat() =>
        Assert.Equal(
            "1",
            Post("""{"location":{"timestamp":"2025-06-15T13:45:12Z","battery":{"level":-1}},"device_id":"1"}""")
                .Heartbeat().DeviceHint);

    [Fact]
    public void Parse_a_body_that_breaks_off_is_quarantined_and_not_refused() =>
        Assert.Equal(QuarantineReason.Unreadable, Post($$"""{"location":{{Location}},"device""").Quarantine().Reason);
}
