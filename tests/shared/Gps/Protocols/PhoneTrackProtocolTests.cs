using WebHost.Gps;
using static WebHost.Tests.Gps.Protocols.Messages;

namespace WebHost.Tests.Gps.Protocols;

public sealed class PhoneTrackProtocolTests
{
    [Fact]
    public void Parse_many_points_as_arrays_by_column()
    {
        var parsed = Post(
            """{"points":[[52.5163,13.3777,1750000000,34.0,5.0,87,12,"PhoneTrack",1.4,270.0],[52.5164,13.3779,1750000005000,34.0,4.0,87,null,null,1.5,271.0]]}""");

        Assert.Equal(GpsProtocol.PhoneTrack, parsed.Protocol);
        Assert.Equal("{}", parsed.Reply.Body);
        Assert.Equal(
            [
                new GpsPoint(
                    Utc("2025-06-15T15:06:40Z"), 52.5163, 13.3777, 34, 1.4, 270, 5, 87, null,
                    """{"sat":12,"useragent":"PhoneTrack"}"""),
                new GpsPoint(Utc("2025-06-15T15:06:45Z"), 52.5164, 13.3779, 34, 1.5, 271, 4, 87),
            ],
            parsed.Points);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public void Parse_its_query_is_in_metres_a_second_whatever_the_setting(string method)
    {
        var parsed = Messages.Parse(
            new GpsRequest
            {
                Method = method,
                QueryString = "?lat=52.5163&lon=13.3777&alt=34&acc=5&bat=87&sat=12&speed=1.4&bearing=270&timestamp=1750000000",
            },
            SpeedUnit.Knots);

        Assert.Equal(GpsProtocol.PhoneTrack, parsed.Protocol);
        Assert.Equal(1.4, parsed.Point().SpeedMps);
    }

    [Theory]
    [InlineData("""{"points":[[52.5163,13.3777,1750000000],[1],["a"],7,[52.5,13.3,1750000000,1,2,3,4,"x",5,6,"more",{}]]}""", 2, 2)]
    [InlineData("""{"points":[[52.5163""", 0, 1)]
    public void Parse_wrong_arrays_are_quarantined_alone(string body, int points, int atLeast)
    {
        var parsed = Post(body);

        Assert.Null(parsed.Failure);
        Assert.Equal(points, parsed.Points.Count);
        Assert.InRange(parsed.QuarantinedCount, atLeast, 3);
    }
}
