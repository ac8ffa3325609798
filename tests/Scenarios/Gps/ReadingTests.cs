using System.Globalization;
using System.Net;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Gps;

/// <summary>What is read back by place, on a shared server and in a database of the tenant's own.</summary>
public sealed class ReadingTests(SharedApp shared) : Scenario(shared)
{
    private const int Points = 300;

    private static readonly DateTimeOffset Start = new(DateTime.UtcNow.Date.AddDays(-2), TimeSpan.Zero);

    [Theory]
    [InlineData("hetzner")]
    [InlineData("fly")]
    public async Task A_drive_is_found_by_where_it_was_and_read_with_fewer_points(string provider)
    {
        var tenant = (await App.SignUpToTheEndAsync(provider == "fly" ? SignupData.Starter : SignupData.Hobby)).TenantId;
        Assert.Equal(provider, (await App.GetTenantAsync(tenant)).GetProperty("infrastructure").Text("provider"));
        var tracker = await App.AddDeviceAsync(tenant);
        (await App.PostPointsAsync(
            tracker, Enumerable.Range(0, Points).Select(i => FleetCalls.Point(Start.AddSeconds(i), 46, 14 + (i * 0.0005))))).Expect(HttpStatusCode.OK);
        var track = await App.WaitForTrackAsync(tracker, Points);
        var path = $"api/tenants/{tenant}";

        var boxed = Read(await App.Operator.GetAsync($"{path}/points?bbox=14.04975,45.9,14.09975,46.1"));
        var within = Read(await App.Operator.PostAsync(
            $"{path}/points/search",
            new
            {
                within = new
                {
                    type = "Polygon",
                    coordinates = new[] { new double[][] { [14.04975, 45.9], [14.09975, 45.9], [14.09975, 46.1], [14.04975, 46.1], [14.04975, 45.9] } },
                },
            }));
        var paged = Read(await App.Operator.GetAsync($"{path}/points?bbox=14.04975,45.9,14.09975,46.1&limit=99"));
        var simplified = Read(await App.Operator.GetAsync($"{path}/tracks/{tracker.DeviceId}?simplify=20"));
        var there = Read(await App.Operator.GetAsync($"{path}/positions?bbox=14.1,45.9,14.2,46.1"));
        var elsewhere = Read(await App.Operator.GetAsync($"{path}/positions?bbox=13,45.9,14.1,46.1"));

        Assert.Equal(track[100..200].Select(point => point.Time), Times(boxed));
        Assert.Equal(Times(boxed), Times(within));
        Assert.Equal(track[100..199].Select(point => point.Time), Times(paged));
        Assert.Equal([track[199].Time], Times(Read(await App.Operator.GetAsync(paged.Text("next")[1..]))));
        Assert.Equal([track[0].Time, track[^1].Time], Times(simplified));
        Assert.Equal((1, 0), (Times(there).Count, Times(elsewhere).Count));
        (await App.Operator.GetAsync($"{path}/points")).ExpectProblem(HttpStatusCode.BadRequest);
    }

    private static JsonElement Read(Answer answer) => answer.Expect(HttpStatusCode.OK).Json;

    private static List<DateTimeOffset> Times(JsonElement collection) =>
    [
        .. collection.GetProperty("features").EnumerateArray().Select(feature =>
            DateTimeOffset.Parse(feature.GetProperty("properties").Text("time"), CultureInfo.InvariantCulture)),
    ];
}
