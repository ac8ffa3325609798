using System.Net;
using System.Text;
using Npgsql;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Gps;

public sealed class DeviceTests(SharedApp shared, GpsFleet fleet) : Scenario(shared), IClassFixture<GpsFleet>
{
    private const double MetresPerSecondPerKnot = 1852.0 / 3600;

    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Point_of_Traccar_Client_10_is_read_back_as_it_was_sent()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        using var form = new StringContent(
            $"id=48241179&lat=37.4219983&lon=-122.084&timestamp={Start.ToUnixTimeSeconds()}"
            + "&accuracy=5.0&altitude=12.5&speed=9.72&bearing=63.0&batt=88&charge=true",
            Encoding.UTF8,
            "application/x-www-form-urlencoded");

        await PostAsync(new HttpRequestMessage(HttpMethod.Post, $"api/gps/{tracker.Token}") { Content = form });

        await AssertTrackAsync(tracker, new ReadPoint(Start, 37.4219983, -122.084, 12.5, 9.72 * MetresPerSecondPerKnot, 63, 5, 88));
    }

    [Fact]
    public async Task Point_of_Traccar_Client_8_is_read_back_as_it_was_sent()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);

        await PostAsync(new HttpRequestMessage(
            HttpMethod.Post,
            $"api/gps/{tracker.Token}?id=123456789012345&timestamp={Start.ToUnixTimeSeconds()}&lat=46.05&lon=14.5"
            + "&speed=20.0&bearing=181.5&altitude=295.0&accuracy=8.0&batt=55.0"));

        await AssertTrackAsync(tracker, new ReadPoint(Start, 46.05, 14.5, 295, 20 * MetresPerSecondPerKnot, 181.5, 8, 55));
    }

    [Fact]
    public async Task Point_of_the_OsmAnd_app_is_read_back_as_it_was_sent()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId, new { name = "OsmAnd", speedUnit = "m/s" });

        await PostAsync(new HttpRequestMessage(
            HttpMethod.Get,
            $"api/gps?token={tracker.Token}&lat=42.06288&lon=-88.23412&timestamp={Start.ToUnixTimeMilliseconds()}"
            + "&hdop=6.0&altitude=224.0&speed=13.5&bearing=90.0"));

        var point = Assert.Single(await App.WaitForTrackAsync(tracker, 1));
        Assert.Equal((Start, 42.06288, -88.23412), (point.Time, point.Latitude, point.Longitude));
        Assert.Equal((224, 13.5, 90), (point.Altitude, point.Speed, point.Course));
    }

    [Fact]
    public async Task Array_of_our_own_JSON_is_read_back_in_the_order_of_its_times()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var points = Enumerable.Range(0, 50).Select(i => (Time: Start.AddSeconds(i), Latitude: 46 + (i * 0.001), Longitude: 14 - (i * 0.002)))
            .ToList();

        var answer = await App.PostPointsAsync(
            tracker, points.AsEnumerable().Reverse().Select(p => FleetCalls.Point(p.Time, p.Latitude, p.Longitude)));

        Assert.Equal(50, answer.Expect(HttpStatusCode.OK).Json.GetProperty("accepted").GetInt32());
        var track = await App.WaitForTrackAsync(tracker, 50);
        Assert.Equal(points, track.Select(p => (p.Time, p.Latitude, p.Longitude)));
    }

    [Fact]
    public async Task GeoJSON_is_read_back_as_it_was_sent()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);

        var answer = await App.PostPointsAsync(tracker, new
        {
            type = "FeatureCollection",
            features = new[]
            {
                new
                {
                    type = "Feature",
                    geometry = new { type = "Point", coordinates = (double[])[14.5058, 46.0569, 300.5] },
                    properties = new { time = Start, speed = 12.25, course = 270 },
                },
            },
        });

        answer.Expect(HttpStatusCode.OK);
        await AssertTrackAsync(tracker, new ReadPoint(Start, 46.0569, 14.5058, 300.5, 12.25, 270, null, null));
    }

    [Fact]
    public async Task Token_may_be_shown_in_the_path_as_bearer_as_password_and_in_the_query()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"driver:{tracker.Token}"));
        HttpRequestMessage[] requests =
        [
            new(HttpMethod.Get, $"api/gps/{tracker.Token}?{Query(0)}"),
            new(HttpMethod.Get, $"api/gps?{Query(1)}") { Headers = { { "Authorization", $"Bearer {tracker.Token}" } } },
            new(HttpMethod.Get, $"api/gps?{Query(2)}") { Headers = { { "Authorization", $"Basic {basic}" } } },
            new(HttpMethod.Get, $"api/gps?token={tracker.Token}&{Query(3)}"),
        ];

        foreach (var request in requests)
        {
            await PostAsync(request);
        }

        Assert.Equal(4, (await App.WaitForTrackAsync(tracker, 4)).Count);

        static string Query(int minute) => $"lat=46&lon=14&timestamp={Start.AddMinutes(minute).ToUnixTimeSeconds()}";
    }

    [Fact]
    public async Task Unknown_token_is_403_and_no_token_is_401()
    {
        var point = new[] { FleetCalls.Point(Start, 46, 14) };

        (await App.Anybody.PostAsync("api/gps", point)).ExpectProblem(HttpStatusCode.Unauthorized);
        (await App.Anybody.PostAsync("api/gps/not-a-token", point)).ExpectProblem(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Revoked_token_is_403_and_the_points_stay()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        (await App.PostPointsAsync(tracker, new[] { FleetCalls.Point(Start, 46, 14) })).Expect(HttpStatusCode.OK);
        await App.WaitForTrackAsync(tracker, 1);

        (await App.Operator.DeleteAsync($"api/tenants/{tracker.TenantId}/devices/{tracker.DeviceId}")).Expect(HttpStatusCode.NoContent);

        // Instances remember a token for some seconds.
        var refused = await Eventually.GetAsync(async () =>
            await App.PostPointsAsync(tracker, new[] { FleetCalls.Point(Start, 46, 14) }) is { Status: not HttpStatusCode.OK } answer ? answer : null);
        refused.ExpectProblem(HttpStatusCode.Forbidden);
        Assert.Single(await App.ReadTrackAsync(tracker));
    }

    [Fact]
    public async Task Point_that_can_never_be_one_is_answered_2xx_and_kept_with_its_reason()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);

        var answer = await App.PostPointsAsync(
            tracker, new[] { FleetCalls.Point(Start, 91, 14), FleetCalls.Point(Start, 46, 14), FleetCalls.Point(Start, 0, 0) });

        var summary = answer.Expect(HttpStatusCode.OK).Json;
        Assert.Equal((1, 2), (summary.GetProperty("accepted").GetInt32(), summary.GetProperty("quarantined").GetInt32()));
        await App.WaitForTrackAsync(tracker, 1);
        await using var database = LocalApp.OpenTenantDatabase(fleet.Database);
        var reasons = await database.ListAsync<string>(
            "SELECT reason FROM fleet.quarantine WHERE device_id = $1 ORDER BY reason", tracker.DeviceId);
        Assert.Equal(["null-island", "out-of-range"], reasons);
    }

    [Fact]
    public async Task Repeated_points_change_nothing()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        var points = Enumerable.Range(0, 20).Select(i => FleetCalls.Point(Start.AddSeconds(i), 46, 14 + (i * 0.01))).ToArray();
        (await App.PostPointsAsync(tracker, points)).Expect(HttpStatusCode.OK);
        var before = await App.WaitForTrackAsync(tracker, 20);

        (await App.PostPointsAsync(tracker, points)).Expect(HttpStatusCode.OK);
        (await App.PostPointsAsync(tracker, points.Append(FleetCalls.Point(Start.AddSeconds(20), 46, 15)))).Expect(HttpStatusCode.OK);

        var after = await App.WaitForTrackAsync(tracker, 21);
        Assert.Equal(before, after.Take(20));
        Assert.Equal(21, after.Count);
    }

    [Fact]
    public async Task Older_point_that_comes_late_is_in_the_track_and_leaves_the_position_alone()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        (await App.PostPointsAsync(tracker, new[] { FleetCalls.Point(Start.AddHours(1), 46.5, 14.5) })).Expect(HttpStatusCode.OK);
        await App.WaitForTrackAsync(tracker, 1);

        (await App.PostPointsAsync(tracker, new[] { FleetCalls.Point(Start, 45, 13) })).Expect(HttpStatusCode.OK);

        var track = await App.WaitForTrackAsync(tracker, 2);
        Assert.Equal([Start, Start.AddHours(1)], track.Select(point => point.Time));
        var position = FleetCalls.Read((await App.FindPositionAsync(tracker))!.Value);
        Assert.Equal((Start.AddHours(1), 46.5, 14.5), (position.Time, position.Latitude, position.Longitude));
    }

    [Fact]
    public async Task Two_devices_at_the_same_moment_keep_their_own_points_and_say_in_which_vehicle_they_ride()
    {
        (await App.Operator.PutAsync($"api/tenants/{fleet.TenantId}/vehicles/van", new { name = "Van" })).Expect(HttpStatusCode.Created);
        var inVan = await App.AddDeviceAsync(fleet.TenantId, new { name = "In the van", vehicleId = "van" });
        var alone = await App.AddDeviceAsync(fleet.TenantId);

        await Task.WhenAll(
            App.PostPointsAsync(inVan, new[] { FleetCalls.Point(Start, 46, 14) }),
            App.PostPointsAsync(alone, new[] { FleetCalls.Point(Start, 47, 15) }));

        Assert.Equal(46, Assert.Single(await App.WaitForTrackAsync(inVan, 1)).Latitude);
        Assert.Equal(47, Assert.Single(await App.WaitForTrackAsync(alone, 1)).Latitude);
        Assert.Equal("van", (await App.FindPositionAsync(inVan))!.Value.GetProperty("properties").Text("vehicleId"));
        Assert.Null((await App.FindPositionAsync(alone))!.Value.GetProperty("properties").MaybeText("vehicleId"));
    }

    [Fact]
    public async Task Track_in_pages_is_the_same_as_in_one_and_as_a_line()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        (await App.PostPointsAsync(
            tracker, Enumerable.Range(0, 25).Select(i => FleetCalls.Point(Start.AddSeconds(i), 46, 14 + (i * 0.01))))).Expect(HttpStatusCode.OK);

        var whole = await App.WaitForTrackAsync(tracker, 25);

        Assert.Equal(whole, await App.ReadTrackAsync(tracker, limit: 7));
        var line = (await App.Operator.GetAsync($"api/tenants/{tracker.TenantId}/tracks/{tracker.DeviceId}?geometry=line")).Json;
        Assert.Equal(
            whole.Select(point => (point.Longitude, point.Latitude)),
            line.GetProperty("geometry").GetProperty("coordinates").EnumerateArray().Select(at => (at[0].GetDouble(), at[1].GetDouble())));
        var part = (await App.Operator.GetAsync(
            $"api/tenants/{tracker.TenantId}/tracks/{tracker.DeviceId}?from={Start.AddSeconds(5).UtcDateTime:o}&to={Start.AddSeconds(8).UtcDateTime:o}")).Json;
        Assert.Equal(whole.Skip(5).Take(3), part.GetProperty("features").EnumerateArray().Select(FleetCalls.Read));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Body_larger_than_the_plan_allows_is_413_with_the_limit(bool chunked)
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/gps/{tracker.Token}")
        {
            Content = new ByteArrayContent(new byte[10_000_001]),
            Headers = { TransferEncodingChunked = chunked },
        };

        var problem = (await App.Anybody.SendAsync(request)).ExpectProblem(HttpStatusCode.RequestEntityTooLarge);

        Assert.Contains("10,000,000", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accepted_points_are_in_the_journal()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        await using var control = NpgsqlDataSource.Create(App.ControlDatabase);
        var before = await CountAsync();

        (await App.PostPointsAsync(
            tracker, Enumerable.Range(0, 5).Select(i => FleetCalls.Point(Start.AddSeconds(i), 46, 14)))).Expect(HttpStatusCode.OK);
        await App.WaitForTrackAsync(tracker, 5);

        await Eventually.IsTrueAsync(async () => await CountAsync() >= before + 5);

        Task<long> CountAsync() => control.ScalarAsync<long>(
            "SELECT coalesce(sum(points), 0) FROM journal_entries WHERE tenant_id = $1", fleet.TenantId);
    }

    private async Task PostAsync(HttpRequestMessage request) => (await App.Anybody.SendAsync(request)).Expect(HttpStatusCode.OK);

    private async Task AssertTrackAsync(Tracker tracker, ReadPoint sent)
    {
        var expected = sent with
        {
            Altitude = FleetCalls.AsKept(sent.Altitude),
            Speed = FleetCalls.AsKept(sent.Speed),
            Course = FleetCalls.AsKept(sent.Course),
            Accuracy = FleetCalls.AsKept(sent.Accuracy),
            Battery = FleetCalls.AsKept(sent.Battery),
        };
        Assert.Equal([expected], await App.WaitForTrackAsync(tracker, 1));
    }
}
