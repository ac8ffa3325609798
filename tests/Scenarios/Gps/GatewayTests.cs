using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Gps;

/// <summary>Several trackers post with one token, at the same times.</summary>
public sealed class GatewayTests(SharedApp shared, GpsFleet fleet) : Scenario(shared), IClassFixture<GpsFleet>
{
    private const int Seconds = 5;
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);
    private static readonly string[] Names = ["352093081452251", "352093081452252"];

    [Fact]
    public async Task Trackers_of_one_flespi_stream_have_tracks_of_their_own_however_often_they_are_posted()
    {
        var gateway = await App.AddDeviceAsync(fleet.TenantId);
        var body = Flespi(Names);

        await PostAsync(App.Anybody, gateway, body);
        await PostAsync(App.Anybody, gateway, body);

        await AssertTracksAsync(gateway);
        await PostAsync(App.Anybody, gateway, Flespi([Names[1]]));
        await PostAsync(App.Anybody, gateway, Flespi([Names[0]]));
        await AssertTracksAsync(gateway);
        var position = await App.FindPositionAsync(await FindTrackerAsync(gateway, Names[1]));
        Assert.Equal(Names[1], position!.Value.GetProperty("properties").Text("deviceName"));
    }

    [Fact]
    public async Task Phones_that_share_a_token_have_tracks_of_their_own_in_whatever_protocol_they_say_who_they_are()
    {
        var gateway = await App.AddDeviceAsync(fleet.TenantId);
        foreach (var (name, latitude) in Names.Zip([46.0, 47.0]))
        {
            for (var second = 0; second < Seconds; second++)
            {
                var time = Start.AddSeconds(second);
                var at = string.Create(CultureInfo.InvariantCulture, $"lat={latitude}&lon=14&timestamp={time.ToUnixTimeSeconds()}");
                using var request = second switch
                {
                    0 => new HttpRequestMessage(HttpMethod.Get, $"api/gps/{gateway.Token}?id={name}&{at}"),
                    1 => new HttpRequestMessage(HttpMethod.Post, $"api/gps/{gateway.Token}?id={name}&{at}&batt=50.0"),
                    2 => Api.WithJson(HttpMethod.Post, $"api/gps/{gateway.Token}", new { deviceId = name, time, lat = latitude, lon = 14 }),
                    3 => Api.WithJson(HttpMethod.Post, $"api/gps/{gateway.Token}", new
                    {
                        location = new { timestamp = time, coords = new { latitude, longitude = 14 } },
                        device_id = name,
                    }),
                    _ => Api.WithJson(HttpMethod.Post, $"api/gps/{gateway.Token}", new
                    {
                        locations = new[]
                        {
                            new
                            {
                                type = "Feature",
                                geometry = new { type = "Point", coordinates = (double[])[14, latitude] },
                                properties = new { timestamp = time, device_id = name },
                            },
                        },
                    }),
                };
                (await App.Anybody.SendAsync(request)).Expect(HttpStatusCode.OK);
            }
        }

        await AssertTracksAsync(gateway);
    }

    [Fact]
    public async Task Trackers_that_two_processes_see_first_at_once_are_the_same_to_both()
    {
        var gateway = await App.AddDeviceAsync(fleet.TenantId);
        var other = await App.StartAnotherHostAsync();

        await Task.WhenAll(Enumerable.Range(0, 16).Select(i =>
            PostAsync(i % 2 == 0 ? App.Anybody : other, gateway, Flespi(i % 4 < 2 ? Names : [.. Names.Reverse()]))));

        await AssertTracksAsync(gateway);
    }

    [Fact]
    public async Task Trackers_beyond_the_plan_and_deleted_ones_are_quarantined_behind_a_200_and_their_points_come_when_there_is_room()
    {
        var gateway = await App.AddDeviceAsync(fleet.TenantId);
        var crowd = Enumerable.Range(0, 22).Select(i => $"crowd-{i}").ToArray();
        var path = $"api/tenants/{fleet.TenantId}/quarantine?deviceId={gateway.DeviceId}&reason=unregistered-tracker";

        await PostAsync(App.Anybody, gateway, Flespi(crowd));

        await Eventually.IsTrueAsync(async () => (await QuarantineAsync()).Count == Seconds);
        Assert.All(await QuarantineAsync(), message => Assert.Equal(("crowd-21", "flespi"), (message.Text("ident"), message.Text("protocol"))));
        var kept = await FindTrackerAsync(gateway, "crowd-20");
        (await App.Operator.DeleteAsync($"api/tenants/{fleet.TenantId}/devices/{kept.DeviceId}")).Expect(HttpStatusCode.NoContent);
        await Eventually.IsTrueAsync(async () =>
        {
            await PostAsync(App.Anybody, gateway, Flespi(["crowd-20"]));
            return (await QuarantineAsync()).Any(message => message.Text("ident") == "crowd-20");
        });
        (await App.Operator.PostAsync($"api/tenants/{fleet.TenantId}/quarantine/replay?deviceId={gateway.DeviceId}", null))
            .Expect(HttpStatusCode.OK);

        var late = await FindTrackerAsync(gateway, "crowd-21");
        Assert.Equal(Seconds, (await App.WaitForTrackAsync(late, Seconds)).Count);
        Assert.Equal(Seconds, (await App.ReadTrackAsync(kept)).Count);
        Assert.All(await QuarantineAsync(), message => Assert.Equal("crowd-20", message.Text("ident")));

        async Task<List<JsonElement>> QuarantineAsync() =>
            [.. (await App.Operator.GetAsync($"{path}&limit=1000")).Expect(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()];
    }

    // The trackers take turns at each second; where they are says who it was.
    private static string Flespi(string[] names) => new StringBuilder("[")
        .AppendJoin(',',
            from second in Enumerable.Range(0, Seconds)
            from name in names
            select string.Create(
                CultureInfo.InvariantCulture,
                $$"""{"ident":"{{name}}","timestamp":{{Start.AddSeconds(second).ToUnixTimeSeconds()}},"position.latitude":{{(name == Names[1] ? 47 : 46)}},"position.longitude":14,"position.speed":36}"""))
        .Append(']').ToString();

    private static async Task PostAsync(Api api, Tracker gateway, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/gps/{gateway.Token}")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        (await api.SendAsync(request)).Expect(HttpStatusCode.OK);
    }

    // Whichever was seen first is the gateway's own device.
    private async Task AssertTracksAsync(Tracker gateway)
    {
        var other = Assert.Single(await WaitForTrackersAsync(gateway, 1), device => Names.Contains(device.Text("ident")));
        var behind = gateway with { DeviceId = other.GetProperty("deviceId").GetGuid() };
        var latitude = other.Text("ident") == Names[1] ? 47 : 46;
        await AssertTrackAsync(behind, latitude);
        await AssertTrackAsync(gateway, 46 + 47 - latitude);
    }

    private async Task AssertTrackAsync(Tracker tracker, double latitude) => Assert.Equal(
        Enumerable.Range(0, Seconds).Select(second => (Start.AddSeconds(second), latitude)),
        (await App.WaitForTrackAsync(tracker, Seconds)).Select(point => (point.Time, point.Latitude)));

    private async Task<Tracker> FindTrackerAsync(Tracker gateway, string name)
    {
        var found = await Eventually.GetAsync(async () =>
            (await ListTrackersAsync(gateway)).FirstOrDefault(device => device.Text("ident") == name) is { ValueKind: JsonValueKind.Object } device
                ? gateway with { DeviceId = device.GetProperty("deviceId").GetGuid() }
                : null);
        return found;
    }

    private async Task<List<JsonElement>> WaitForTrackersAsync(Tracker gateway, int count) => await Eventually.GetAsync(
        async () => await ListTrackersAsync(gateway) is var found && found.Count >= count ? found : null);

    private async Task<List<JsonElement>> ListTrackersAsync(Tracker gateway) =>
    [
        .. (await App.Operator.GetAsync($"api/tenants/{fleet.TenantId}/devices")).Expect(HttpStatusCode.OK).Json
            .GetProperty("items").EnumerateArray()
            .Where(device => device.MaybeText("gatewayId") == gateway.DeviceId.ToString()),
    ];
}
