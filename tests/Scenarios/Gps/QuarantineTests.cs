using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Testing;

namespace WebHost.Scenarios.Gps;

public sealed class QuarantineTests(SharedApp shared, GpsFleet fleet) : Scenario(shared), IClassFixture<GpsFleet>
{
    private static readonly DateTimeOffset Start = new(2026, 3, 14, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task What_is_no_point_is_shown_to_its_tenant_by_reason_and_device_and_to_no_other()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        (await App.PostPointsAsync(
            tracker, new[] { FleetCalls.Point(Start, 91, 14), FleetCalls.Point(Start, 0, 0), FleetCalls.Point(Start.AddYears(50), 46, 14) }))
            .Expect(HttpStatusCode.OK);
        using var tenant = App.ForTenant(await App.CreateKeyAsync(fleet.TenantId));
        using var stranger = App.ForTenant(await App.CreateKeyAsync((await App.SignUpToTheEndAsync(SignupData.Hobby)).TenantId));
        var path = $"api/tenants/{fleet.TenantId}/quarantine?deviceId={tracker.DeviceId}";

        await Eventually.IsTrueAsync(async () => (await ListAsync(tenant, path)).Count == 3);

        var items = await ListAsync(tenant, path);
        Assert.Equal(["future", "null-island", "out-of-range"], items.Select(item => item.Text("reason")).Order());
        Assert.All(items, item => Assert.Equal((tracker.DeviceId, "json"), (item.GetProperty("deviceId").GetGuid(), item.Text("protocol"))));
        var faraway = Assert.Single(await ListAsync(App.Operator, $"{path}&reason=out-of-range"));
        Assert.Contains("91", faraway.Text("raw"), StringComparison.Ordinal);
        Assert.Equal(3, (await PagesAsync(tenant, $"/{path}&limit=1")).Distinct().Count());
        (await stranger.GetAsync(path)).ExpectProblem(HttpStatusCode.Forbidden);
        (await App.Anybody.GetAsync(path)).ExpectProblem(HttpStatusCode.Unauthorized);
        (await tenant.GetAsync($"{path}&reason=ugly")).ExpectProblem(HttpStatusCode.BadRequest);
        (await tenant.GetAsync($"{path}&before=x")).ExpectProblem(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Replay_makes_points_of_what_the_rules_now_accept_once_and_says_what_stays()
    {
        var tracker = await App.AddDeviceAsync(fleet.TenantId);
        (await App.PostPointsAsync(tracker, new[] { FleetCalls.Point(Start, 91, 14) })).Expect(HttpStatusCode.OK);
        await Eventually.IsTrueAsync(async () => (await ListAsync(App.Operator, Path(""))).Count == 1);

        // As it would be there had the rules once been stricter.
        await using (var database = LocalApp.OpenTenantDatabase(fleet.Database))
        {
            await database.ExecuteAsync(
                $$"""
                INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw)
                SELECT '{{fleet.TenantId}}', '{{tracker.DeviceId}}', now(), sha256(convert_to(raw, 'UTF8')), 'out-of-range', 'json', raw
                FROM (VALUES ('{"time":"2026-03-14T08:00:00Z","lat":46.5,"lon":14.25}')) AS kept (raw)
                """);
        }

        var first = (await App.Operator.PostAsync(Path("/replay"), null)).Expect(HttpStatusCode.OK).Json;
        var second = (await App.Operator.PostAsync(Path("/replay"), null)).Expect(HttpStatusCode.OK).Json;

        Assert.Equal((2, 1, 1), (Number(first, "messages"), Number(first, "becamePoints"), Number(first, "stay")));
        Assert.Equal(1, first.GetProperty("reasons").GetProperty("out-of-range").GetInt32());
        Assert.Equal((1, 0, 1), (Number(second, "messages"), Number(second, "becamePoints"), Number(second, "stay")));
        var point = Assert.Single(await App.WaitForTrackAsync(tracker, 1));
        Assert.Equal((Start, 46.5, 14.25), (point.Time, point.Latitude, point.Longitude));

        string Path(string more) => $"api/tenants/{fleet.TenantId}/quarantine{more}?deviceId={tracker.DeviceId}";
    }

    [Fact]
    public async Task Message_that_cannot_be_read_is_a_dead_letter_that_operators_see_and_may_put_back()
    {
        var sender = new Azure.Messaging.ServiceBus.ServiceBusClient(App.ServiceBus);
        await using (sender)
        {
            await sender.CreateSender("points").SendMessageAsync(
                new Azure.Messaging.ServiceBus.ServiceBusMessage("no points") { MessageId = "unreadable" }, Cancellation);
        }

        var letter = await DeadLetterAsync(_ => true);
        var replayed = (await App.Operator.PostAsync("api/operations/dead-letters/replay", null)).Expect(HttpStatusCode.OK).Json;
        var again = await DeadLetterAsync(sequenceNumber => sequenceNumber != letter.GetProperty("sequenceNumber").GetInt64());

        Assert.Equal(("unwritable", 9), (letter.Text("reason"), letter.GetProperty("bytes").GetInt32()));
        Assert.Equal(1, replayed.GetProperty("replayed").GetInt32());
        Assert.Equal("unwritable", again.Text("reason"));
        using var tenant = App.ForTenant(await App.CreateKeyAsync(fleet.TenantId));
        (await tenant.GetAsync("api/operations/dead-letters")).ExpectProblem(HttpStatusCode.Forbidden);
        (await tenant.PostAsync("api/operations/dead-letters/replay", null)).ExpectProblem(HttpStatusCode.Forbidden);
    }

    private static int Number(System.Text.Json.JsonElement json, string name) => json.GetProperty(name).GetInt32();

    private static async Task<List<System.Text.Json.JsonElement>> ListAsync(Api api, string path) =>
        [.. (await api.GetAsync(path)).Expect(HttpStatusCode.OK).Json.GetProperty("items").EnumerateArray()];

    private static async Task<List<string>> PagesAsync(Api api, string? path)
    {
        var ids = new List<string>();
        while (path is not null)
        {
            var page = (await api.GetAsync(path)).Expect(HttpStatusCode.OK).Json;
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.Text("id")));
            path = page.MaybeText("next");
        }

        return ids;
    }

    private async Task<System.Text.Json.JsonElement> DeadLetterAsync(Func<long, bool> isWanted)
    {
        var found = await Eventually.GetAsync(async () =>
            (await ListAsync(App.Operator, "api/operations/dead-letters"))
                .Where(letter => letter.Text("messageId") == "unreadable" && isWanted(letter.GetProperty("sequenceNumber").GetInt64()))
                .Select(letter => (System.Text.Json.JsonElement?)letter).FirstOrDefault() is { } letter ? new Found(letter) : null);
        return found.Letter;
    }

    private sealed record Found(System.Text.Json.JsonElement Letter);
}
