using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>A shared server is lost with everybody on it.</summary>
public sealed class LostServerTests : Scenario
{
    private const int PointsBefore = 10;

    private static int Tenants => IsLongRun ? 100 : 12;

    // Fewer than are lost: the rest goes to Fly.io.
    private static int FreeSlots => Tenants - 2;

    [Fact]
    public async Task All_tenants_of_a_lost_server_are_recovered_the_most_important_first()
    {
        await StartAsync("lostserver", new AppOptions { Servers = [Tenants], Settings = EmergencyCalls.Settings });
        var signedUp = await Task.WhenAll(Enumerable.Range(0, Tenants).Select(i =>
            App.SignUpToTheEndAsync(SignupData.Hobby with { Vehicles = 1 + (i % 5) })));
        var trackers = await Task.WhenAll(signedUp.Select(tenant => App.AddDeviceAsync(tenant.TenantId)));
        var start = DateTimeOffset.UtcNow.Date.AddDays(-1);
        await PostAsync(start);
        await Task.WhenAll(trackers.Select(tracker => App.WaitForTrackAsync(tracker, PointsBefore)));
        foreach (var tenant in signedUp.Take(3))
        {
            await App.BackUpAsync(tenant.TenantId);
        }

        await App.RegisterServerAsync(FreeSlots);
        var lost = (await App.Operator.GetAsync("api/servers")).Json.GetProperty("items").EnumerateArray()
            .Single(server => server.Text("name") == "ax52-1").GetProperty("id").GetGuid();
        var refused = await App.Operator.PostAsync($"api/servers/{lost}/failover", new { reason = "A mistake." });
        Assert.Contains("is well", refused.Expect(HttpStatusCode.Conflict).Json.Text("detail"), StringComparison.Ordinal);

        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(signedUp[0].TenantId), "lose");
        await PostAsync(start.AddHours(1));
        var accepted = (await App.Operator.PostAsync($"api/servers/{lost}/failover", new { reason = "Its disks are gone." }))
            .Expect(HttpStatusCode.Accepted).Json.GetProperty("operationId").GetGuid();
        await PostAsync(start.AddHours(2));
        var ended = await App.WaitUntilOverAsync(accepted);

        Assert.Equal("succeeded", ended.Text("state"));
        var progress = ended.GetProperty("figures").GetProperty("tenants");
        Assert.Equal(Tenants, progress.GetProperty("restored").GetInt32());
        foreach (var tracker in trackers)
        {
            Assert.Equal(3 * PointsBefore, (await App.WaitForTrackAsync(tracker, 3 * PointsBefore)).Count);
        }

        var failovers = await FailoversAsync();
        Assert.Equal(Tenants, failovers.Count);
        Assert.All(failovers, failover => Assert.Equal("succeeded", failover.State));
        var vehicles = failovers.OrderBy(failover => failover.CreatedAt)
            .Select(failover => 1 + (Array.FindIndex(signedUp, tenant => tenant.TenantId == failover.TenantId) % 5)).ToList();
        Assert.Equal(vehicles.OrderDescending(), vehicles);
        var providers = await Task.WhenAll(signedUp.Select(async tenant =>
            (await App.GetTenantAsync(tenant.TenantId)).GetProperty("infrastructure").Text("provider")));
        Assert.Equal(FreeSlots, providers.Count(provider => provider == "hetzner"));
        var servers = (await App.Operator.GetAsync("api/servers")).Json.GetProperty("items").EnumerateArray().ToList();
        Assert.All(servers, server => Assert.InRange(server.GetProperty("tenants").GetInt32(), 0, server.GetProperty("capacity").GetInt32()));
        Assert.Equal("closed", servers.Single(server => server.Text("name") == "ax52-1").Text("state"));
        Assert.Empty(await App.GetOrphansAsync(signedUp));
        Say($"{Tenants} tenants: the last took points after {progress.GetProperty("secondsToIngest")} s and was whole after "
            + $"{progress.GetProperty("secondsToFullHistory")} s");

        Task PostAsync(DateTimeOffset from) => Task.WhenAll(trackers.Select(async tracker =>
            (await App.PostPointsAsync(
                tracker, Enumerable.Range(0, PointsBefore).Select(i => FleetCalls.Point(from.AddMinutes(i), 46, 14)).ToArray()))
            .Expect(HttpStatusCode.OK)));
    }

    private async Task<List<(Guid TenantId, string State, DateTimeOffset CreatedAt)>> FailoversAsync()
    {
        var all = new List<(Guid, string, DateTimeOffset)>();
        foreach (var operation in (await App.Operator.GetAsync("api/operations?limit=500")).Json.GetProperty("items").EnumerateArray())
        {
            if (operation.Text("kind") == "emergency")
            {
                var ended = await App.WaitUntilOverAsync(operation.GetProperty("id").GetGuid());
                all.Add((
                    ended.GetProperty("tenantId").GetGuid(), ended.Text("state"), ended.GetProperty("createdAt").GetDateTimeOffset()));
            }
        }

        return all;
    }
}
