using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class FlespiProtocolTests
{
    [Fact]
    public void Parse_messages_of_several_devices_in_our_units()
    {
        var parsed = Post(
            """
            [{"position.speed":36,"position.latitude":53.90573,"timestamp":1506956075.25,"position.satellites":10,
            "position.longitude":27.455848,"position.direction":0,"ident":"605630"},
            {"timestamp":1506695785,"position.latitude":53.905569,"position.longitude":27.455986,"position.speed":0,
            "position.direction":262.643854,"vehicle.mileage":160,"ident":"605631","position.altitude":233.48,"battery.level":90}]
            """);

        Assert.Equal(GpsProtocol.Flespi, parsed.Protocol);
        Assert.Equal(GpsReply.Empty, parsed.Reply);
        Assert.Equal(
            [
                new GpsPoint(
                    Utc("2017-10-02T14:54:35.25Z"), 53.90573, 27.455848, null, 10, 0, null, null, "605630",
                    """{"position.satellites":10}"""),
                new GpsPoint(
                    Utc("2017-09-29T14:36:25Z"), 53.905569, 27.455986, 233.48, 0, 262.643854, null, 90, "605631",
                    """{"vehicle.mileage":160}"""),
            ],
            parsed.Points);
    }

    [Theory]
    [InlineData("""{"ident":"1","timestamp":1506956075,"position.valid":false,"position.latitude":10.1,"position.longitude":20.8}""")]
    [InlineData("""{"ident":"1","timestamp":946684840,"position.latitude":10.1,"position.longitude":20.8}""")]
    [InlineData("""{"ident":"1","timestamp":1506956075,"position.latitude":0,"position.longitude":0}""")]
    [InlineData("""{"ident":"1","timestamp":1506956075,"din":3}""")]
    public void Parse_telemetry_without_a_position_to_trust_is_a_heartbeat(string message) =>
        Assert.Equal("1", Post($"[{message}]").Heartbeat().DeviceHint);

    [Fact]
    public void Parse_an_unreadable_message_does_not_spoil_the_batch()
    {
        var parsed = Post(
            """[{"ident":"1","timestamp":1506956075,"position.latitude":53.9,"position.longitude":27.4},7,{}]""");

        Assert.Single(parsed.Points);
        Assert.Equal(2, parsed.QuarantinedCount);
    }
}
