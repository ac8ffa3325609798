using WebHost.Local.Run.Devices;
using WebHost.Local.Run.Drives;

namespace WebHost.Local.Run.Tests;

public sealed class DeviceTests
{
    private static readonly Uri Address = new("http://127.0.0.1:7071/api/gps/token");

    private static readonly Fix Fix = new(
        DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_437), 37.4219983, -122.084, 5, 5, 63, 5, 88);

    [Fact]
    public async Task Traccar_client_posts_a_form_with_knots_and_seconds()
    {
        using var request = new TraccarClient(Address, "48241179").Post(Fix);
        Assert.Equal(HttpMethod.Post, request.Method);
        Assert.Equal(Address, request.RequestUri);
        Assert.Equal(
            "application/x-www-form-urlencoded; charset=UTF-8", request.Content!.Headers.ContentType!.ToString());
        Assert.Equal(
            "id=48241179&lat=37.4219983&lon=-122.084&timestamp=1750000000&accuracy=5.0&altitude=5.0&speed=9.72&bearing=63.0"
            + "&batt=88&charge=true",
            await request.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Traccar_client_leaves_of_the_speed_what_two_decimals_of_knots_hold() =>
        Assert.Equal(9.72 * 1852 / 3600, new TraccarClient(Address, "48241179").AsSent(Fix).Speed, 10);

    [Fact]
    public void OsmAnd_gets_an_address_with_metres_per_second_and_milliseconds()
    {
        using var request = new OsmAndApp(Address).Post(Fix);
        Assert.Equal(HttpMethod.Get, request.Method);
        Assert.Null(request.Content);
        Assert.Equal(
            "http://127.0.0.1:7071/api/gps/token?lat=37.4219983&lon=-122.084&timestamp=1750000000437&hdop=5.0&altitude=5.0"
            + "&speed=5.0&bearing=63.0&batt=88",
            request.RequestUri!.OriginalString);
    }
}
