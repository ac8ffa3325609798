using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class NdJsonProtocolTests
{
    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\n\n  ")]
    public void Parse_one_point_a_line(string separator)
    {
        var parsed = Post(string.Join(
            separator,
            """{"time":1750000000,"lat":46.05,"lon":14.5}""",
            """{"time":1750000001,"lat":46.06,"lon":14.6}""",
            ""));

        Assert.Equal(GpsProtocol.NdJson, parsed.Protocol);
        Assert.Equal([46.05, 46.06], parsed.Points.Select(point => point.Latitude));
        Assert.Empty(parsed.Quarantined);
    }

    [Fact]
    public void Parse_a_broken_line_is_quarantined_alone()
    {
        var parsed = Post(
            """
            {"time":1750000000,"lat":46.05,"lon":14.5}
            {"time":1750000001,"lat":46.06,"lo
            {"time":1750000002,"lat":46.07,"lon":14.7} {}
            17
            {"time":1750000003,"lat":46.08,"lon":14.8}
            """);

        Assert.Null(parsed.Failure);
        Assert.Equal([46.05, 46.08], parsed.Points.Select(point => point.Latitude));
        Assert.Equal(3, parsed.QuarantinedCount);
        Assert.Equal("""{"time":1750000001,"lat":46.06,"lo""", parsed.Quarantined[0].Raw);
        Assert.Equal("""{"accepted":2,"quarantined":3,"reasons":{"unreadable":3}}""", parsed.Reply.Body);
    }

    [Fact]
    public void Parse_one_point_over_several_lines_is_one_point() =>
        Assert.Equal(
            GpsProtocol.Json,
            Post("{\n  \"time\": 1750000000,\n  \"lat\": 46.05,\n  \"lon\": 14.5\n}\n").Protocol);
}
