using System.Text;
using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class OwnTracksProtocolTests
{
    [Fact]
    public void Parse_a_location_is_a_point_in_our_units()
    {
        var parsed = Post(
            """{"cog":271,"lon":2.29513,"acc":5,"vel":61,"vac":21,"lat":48.85833,"tst":1497349316,"alt":167,"_type":"location","tid":"JJ","t":"u","batt":67}""");

        Assert.Equal(GpsProtocol.OwnTracks, parsed.Protocol);
        Assert.Equal(GpsReply.Json("[]"), parsed.Reply);
        var point = parsed.Point();
        Assert.Equal(
            new GpsPoint(
                Utc("2017-06-13T10:21:56Z"), 48.85833, 2.29513, 167, point.SpeedMps, 271, 5, 67, "JJ", """{"vac":21,"t":"u"}"""),
            point);
        Assert.Equal(16.944444, point.SpeedMps!.Value, 6);
    }

    [Fact]
    public void Parse_whole_degrees_and_a_topic_with_spaces()
    {
        var point = Post("""{"lon":-122,"lat":37,"topic":"owntracks/test/iPhone 12 Pro","tst":1736161169,"_type":"location","tid":"AC"}""")
            .Point();

        Assert.Equal((37.0, -122.0, "test/iPhone 12 Pro"), (point.Latitude, point.Longitude, point.DeviceHint));
    }

    [Theory]
    [InlineData("""{"lon":13.334,"acc":5,"event":"leave","topic":"owntracks/test/phone/event","lat":52.227,"tst":1709317615,"_type":"transition"}""")]
    [InlineData("""{"_type":"lwt","tst":1717459208}""")]
    [InlineData("""{"_type":"status","topic":"owntracks/test/phone/status"}""")]
    public void Parse_other_messages_are_signs_of_life(string body)
    {
        var parsed = Post(body);

        Assert.Equal("[]", parsed.Reply.Body);
        Assert.True(parsed.Heartbeat().DeviceHint is null or "test/phone");
    }

    [Fact]
    public void Parse_an_encrypted_message_is_quarantined_behind_a_success()
    {
        var parsed = Post("""{"_type":"encrypted","data":"AAAA"}""");

        Assert.Equal(QuarantineReason.Encrypted, parsed.Quarantine().Reason);
        Assert.Equal("[]", parsed.Reply.Body);
    }

    [Fact]
    public void Parse_an_empty_body_with_the_apps_headers_is_answered_with_an_array()
    {
        var parsed = Messages.Parse(new GpsRequest { Method = "POST", OwnTracksUser = "ana", OwnTracksDevice = "phone" });

        Assert.Equal("[]", parsed.Reply.Body);
        Assert.Equal("ana/phone", parsed.Heartbeat().DeviceHint);
    }

    [Fact]
    public void Parse_without_a_topic_takes_user_and_device_from_headers_or_query()
    {
        const string body = """{"_type":"location","lat":48.8,"lon":2.2,"tst":1497349316,"tid":"JJ"}""";

        Assert.Equal("ana/phone", Post(body, "?u=ana&d=phone").Point().DeviceHint);
        Assert.Equal("bo/car", Messages.Parse(new GpsRequest
        {
            Method = "POST",
            QueryString = "?u=ana&d=phone",
            OwnTracksUser = "bo",
            OwnTracksDevice = "car",
            Body = Encoding.UTF8.GetBytes(body),
        }).Point().DeviceHint);
    }

    [Fact]
    public void Parse_seconds_since_2001_that_mean_now_are_put_right()
    {
        var now = ReceivedAt.ToUnixTimeSeconds();

        Assert.Equal(
            ReceivedAt, Post($$"""{"_type":"location","lat":48.8,"lon":2.2,"tst":{{now - 978307200}}}""").Point().Time);
        Assert.Equal(ReceivedAt, Post($$"""{"_type":"location","lat":48.8,"lon":2.2,"tst":{{now}}}""").Point().Time);
    }

    [Fact]
    public void Parse_a_message_that_breaks_off_is_quarantined_and_not_refused() =>
        Assert.Equal(
            QuarantineReason.Unreadable, Post("""{"_type":"location","lat":48.8,"lon":""").Quarantine().Reason);
}
