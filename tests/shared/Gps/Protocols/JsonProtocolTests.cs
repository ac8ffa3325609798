using System.Text;
using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class JsonProtocolTests
{
    private const string Full =
        """
        {"time":"2026-11-22T10:00:00.1234567Z","lat":46.05,"lon":14.5,"altitude":300,"speed":12.5,"course":360,
        "accuracy":4,"battery":80,"deviceId":"van-7","ignition":true,"driver":{"name":"Ana"},"codes":[1,null,"x"]}
        """;

    [Fact]
    public void Parse_one_point_reads_every_field_and_keeps_the_rest()
    {
        var parsed = Post(Full);

        Assert.Equal(GpsProtocol.Json, parsed.Protocol);
        Assert.Equal(
            new GpsPoint(
                Utc("2026-11-22T10:00:00.123456Z"), 46.05, 14.5, 300, 12.5, 0, 4, 80, "van-7",
                """{"ignition":true,"driver":{"name":"Ana"},"codes":[1,null,"x"]}"""),
            parsed.Point());
        Assert.Equal("""{"accepted":1,"quarantined":0,"reasons":{}}""", parsed.Reply.Body);
    }

    [Theory]
    [InlineData("1750000000", "2025-06-15T15:06:40Z")]
    [InlineData("1750000000.25", "2025-06-15T15:06:40.25Z")]
    [InlineData("1750000000250", "2025-06-15T15:06:40.25Z")]
    [InlineData("\"1750000000\"", "2025-06-15T15:06:40Z")]
    [InlineData("\"2025-06-15T17:06:40+02:00\"", "2025-06-15T15:06:40Z")]
    [InlineData("\"2025-06-15T17:06:40.123456789+0200\"", "2025-06-15T15:06:40.123456Z")]
    [InlineData("\"2025-06-15T15:06:40\"", "2025-06-15T15:06:40Z")]
    public void Parse_times_in_every_form(string time, string expected) =>
        Assert.Equal(Utc(expected), Post($$"""{"time":{{time}},"lat":46.05,"lon":14.5}""").Point().Time);

    [Theory]
    [InlineData("[{0},{1}]")]
    [InlineData("{\"points\":[{0},{1}]}")]
    [InlineData(" \n [ {0} , {1} ] \r\n")]
    [InlineData("\ufeff[{0},{1}]")]
    public void Parse_several_points_keep_their_order(string shape)
    {
        var body = shape
            .Replace("{0}", """{"time":1750000000,"lat":46.05,"lon":14.5}""", StringComparison.Ordinal)
            .Replace("{1}", """{"time":1750000001,"lat":46.06,"lon":14.6}""", StringComparison.Ordinal);

        var parsed = Post(body);

        Assert.Null(parsed.Failure);
        Assert.Equal([46.05, 46.06], parsed.Points.Select(point => point.Latitude));
        Assert.Empty(parsed.Quarantined);
    }

    [Fact]
    public void Parse_wrong_points_among_good_ones_are_quarantined_alone()
    {
        var parsed = Post(
            """
            [{"time":1750000000,"lat":46.05,"lon":14.5},7,null,[1,2],"x",{},{"lat":1},{"lat":"a","lon":2},{"lat":46,"lon":14},
            {"time":{},"lat":46,"lon":14},{"time":1750000000,"lat":[1],"lon":14},{"time":1750000001,"lat":"46.06","lon":"14.6"}]
            """);

        Assert.Equal([46.05, 46.06], parsed.Points.Select(point => point.Latitude));
        Assert.Equal(
            [
                QuarantineReason.Unreadable, QuarantineReason.Unreadable, QuarantineReason.Unreadable,
                QuarantineReason.Unreadable, QuarantineReason.Unreadable, QuarantineReason.MissingPosition,
                QuarantineReason.NotANumber, QuarantineReason.MissingTime, QuarantineReason.UnreadableTime,
                QuarantineReason.NotANumber,
            ],
            parsed.Quarantined.Select(quarantined => quarantined.Reason));
        Assert.Equal("[1,2]", parsed.Quarantined[2].Raw);
        Assert.Equal(
            """{"accepted":2,"quarantined":10,"reasons":{"unreadable":5,"missing-position":1,"not-a-number":2,"missing-time":1,"unreadable-time":1}}""",
            parsed.Reply.Body);
    }

    [Fact]
    public void Parse_a_point_without_a_position_is_a_heartbeat() =>
        Assert.Equal(
            new GpsHeartbeat(Utc("2025-06-15T15:06:40Z"), 55), Post("""{"time":1750000000,"battery":55}""").Heartbeat());

    [Fact]
    public void Parse_unknown_is_minus_one_and_the_point_stays() =>
        Assert.Equal(
            new GpsPoint(Utc("2025-06-15T15:06:40Z"), 46.05, 14.5),
            Post(
                """{"time":1750000000,"lat":46.05,"lon":14.5,"speed":-1,"course":-1,"accuracy":-1,"battery":-1,"altitude":"high"}""")
                .Point());

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"hello\":\"world\"}")]
    [InlineData("{\"points\":7}")]
    [InlineData("{\"points\":{\"lat\":1}}")]
    [InlineData("[{\"time\":1750000000,\"lat\":46.05,\"lon\":14.5}")]
    [InlineData("[{\"time\":1750000000,\"lat\":46.05,\"lon\":14.5}] trailing")]
    [InlineData("{\"time\":1750000000,\"lat\":46.05,\"lon\":14.5,}")]
    [InlineData("{\"time\":1750000000,\"lat\":46.05,\"lon\":NaN}")]
    public void Parse_a_body_that_is_no_point_at_all_fails_and_keeps_nothing(string body)
    {
        var parsed = Post(body);

        Assert.NotNull(parsed.Failure);
        Assert.Empty(parsed.Points);
        Assert.Empty(parsed.Heartbeats);
        Assert.Equal(0, parsed.QuarantinedCount);
    }

    [Fact]
    public void Parse_deep_nesting_fails_and_does_not_overflow() => Assert.NotNull(Post(new string('[', 1_000_000)).Failure);

    [Fact]
    public void Parse_an_empty_array_is_nothing_and_no_failure()
    {
        var parsed = Post("[]");

        Assert.Null(parsed.Failure);
        Assert.Equal("""{"accepted":0,"quarantined":0,"reasons":{}}""", parsed.Reply.Body);
    }

    [Fact]
    public void Parse_text_that_jsonb_refuses_is_made_storable() =>
        Assert.Equal(
            """{"a":"x\uFFFDy","b":"\\ud800","c":"1e999","d":{"e":[1.50]}}""",
            Post(
                """{"time":1750000000,"lat":46.05,"lon":14.5,"a":"x\u0000y","b":"\ud800","c":1e999,"d":{"e":[1.50]},"a":"again"}""")
                .Point().Extras?.Replace("\ufffd", "\\uFFFD", StringComparison.Ordinal));

    [Fact]
    public void Parse_extras_beyond_sixteen_kilobytes_are_left_out_and_the_point_stays()
    {
        var body = "{\"time\":1750000000,\"lat\":46.05,\"small\":1,\"large\":\"" + new string('x', 20_000) + "\",\"lon\":14.5,\"last\":2}";

        Assert.Equal("""{"small":1,"last":2}""", Post(body).Point().Extras);
    }

    [Fact]
    public void Parse_a_flood_of_wrong_points_is_counted_but_not_all_kept()
    {
        var parsed = Post("[" + string.Join(',', Enumerable.Repeat("0", 100_000)) + "]");

        Assert.Equal(100_000, parsed.QuarantinedCount);
        Assert.Equal(1_000, parsed.Quarantined.Count);
    }

    [Fact]
    public void Parse_a_large_batch_allocates_no_more_than_a_small_multiple_of_its_size()
    {
        var body = Encoding.UTF8.GetBytes(
            "[" + string.Join(',', Enumerable.Range(0, 20_000).Select(i =>
                $$"""{"time":{{1_750_000_000 + i}},"lat":46.05,"lon":14.5,"speed":12.5,"course":90,"accuracy":4,"battery":80}""")) + "]");
        var request = new GpsRequest { Method = "POST", Body = body };
        Messages.Parse(request);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var parsed = Messages.Parse(request);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(20_000, parsed.Points.Count);
        Assert.InRange(allocated, 0, 16L * body.Length);
    }
}
