using System.Text.Json;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Gps;
using WebHost.Scenarios.Hosting;

namespace WebHost.Scenarios.Migrations;

/// <summary>A tenant moves while its fleet is on the road.</summary>
public sealed class UnderFireTests : Scenario
{
    private const int Devices = 20;

    [Fact]
    public async Task Tenant_at_work_goes_up_and_down_and_up_and_back_and_nothing_is_lost()
    {
        await StartAsync("underfire");
        var neighbour = await App.SignUpToTheEndAsync(SignupData.Hobby);
        var parked = await App.AddDeviceAsync(neighbour.TenantId);
        await App.PostPointsAsync(parked, new[] { FleetCalls.Point(DateTimeOffset.UtcNow.AddDays(-1), 46, 14) });
        await App.WaitForTrackAsync(parked, 1);
        var neighbours = await RowsAsync(neighbour);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Hobby);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, Devices);
        await fleet.DriveOnAsync(100);

        var up = await App.StartMoveAsync(tenant.TenantId, new { kind = "upgrade" });
        Report("Upgrade", await App.WaitUntilKeptAsync(up));
        Assert.Equal("starter", (await App.GetTenantAsync(tenant.TenantId)).Text("plan"));
        await fleet.DriveOnAsync(100);
        await App.SteerAsync(up, "commit");
        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(up)).Text("state"));

        var down = await App.StartMoveAsync(tenant.TenantId, new { kind = "downgrade", acceptArchive = true });
        Report("Downgrade", await App.WaitUntilKeptAsync(down));
        Assert.Equal("multi-tenant", (await App.GetTenantAsync(tenant.TenantId)).Text("mode"));
        await App.SteerAsync(down, "commit");
        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(down)).Text("state"));
        Assert.Empty(await App.GetOrphansAsync([neighbour, tenant]));
        Assert.DoesNotContain(await App.GetHoldingsAsync(tenant), holding => holding.Contains("fly", StringComparison.Ordinal));

        var again = await App.StartMoveAsync(tenant.TenantId, new { kind = "upgrade", plan = "professional" });
        await App.WaitUntilKeptAsync(again);
        await fleet.DriveOnAsync(100);
        await App.SteerAsync(again, "rollback");
        Report("Rollback", await App.WaitUntilOverAsync(again));
        await fleet.DriveOnAsync(100);
        await fleet.StopAsync();

        Assert.Equal("hobby", (await App.GetTenantAsync(tenant.TenantId)).Text("plan"));
        await fleet.AssertNothingLostAsync();
        Assert.Equal(0, fleet.ReadsFailed);
        Assert.Equal(neighbours, await RowsAsync(neighbour));
        Assert.DoesNotContain(await App.GetHoldingsAsync(tenant), holding => holding.Contains("fly", StringComparison.Ordinal));
        Say($"{fleet.Accepted} points accepted; the API refused writes for {fleet.LongestRefusal.TotalMilliseconds:0} ms at the longest");
    }

    private static void Report(string what, JsonElement operation)
    {
        Say($"{what}: {operation.GetProperty("figures")}");
    }

    private async Task<string> RowsAsync(SignedUp tenant)
    {
        var database = (await App.GetTenantAsync(tenant.TenantId)).GetProperty("infrastructure").Text("database");
        await using var rows = LocalApp.OpenTenantDatabase(database);
        return await rows.ScalarAsync<string>(
            "SELECT string_agg(p::text, ' ' ORDER BY p::text) FROM fleet.points p WHERE customer_id = $1", tenant.TenantId);
    }
}
