using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>A home is lost while the tenant is on its way.</summary>
public sealed class SupersedingTests : Scenario
{
    [Fact]
    public async Task Home_that_is_lost_while_the_tenant_is_upgraded_is_failed_over_in_the_upgrade_s_place()
    {
        await StartAsync("midupgrade", EmergencyCalls.TwoServers);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Hobby);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, devices: 2, isManned: false);
        await fleet.DriveOnAsync(20);

        // Lost while the target is made: the source's database. The upgrade makes way.
        var upgrade = await App.StartMoveAsync(tenant.TenantId, new { kind = "upgrade" });
        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
        var failover = await App.FailOverAsync(tenant.TenantId);
        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(failover)).Text("state"));
        Assert.Equal("cancelled", (await App.WaitUntilOverAsync(upgrade)).Text("state"));

        // Lost when the tenant has moved and can be taken back: the old home stands, and serves at once.
        upgrade = await App.StartMoveAsync(tenant.TenantId, new { kind = "upgrade" });
        await App.WaitUntilKeptAsync(upgrade);
        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
        await fleet.DriveOnAsync(20);
        failover = await App.FailOverAsync(tenant.TenantId);
        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(failover)).Text("state"));
        Assert.Equal("hobby", (await App.GetTenantAsync(tenant.TenantId)).Text("plan"));

        await fleet.DriveOnAsync(20);
        await fleet.StopAsync();
        await fleet.AssertNothingLostAsync();
        Assert.Empty(await App.GetOrphansAsync([tenant]));
    }

    [Fact]
    public async Task Second_failover_takes_the_place_of_the_first_whose_target_is_lost_too()
    {
        await StartAsync("secondfailover", EmergencyCalls.TwoServers);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, devices: 2, isManned: false);
        await fleet.DriveOnAsync(20);
        await App.BackUpAsync(tenant.TenantId);
        await fleet.DriveOnAsync(20);
        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "down");
        var first = await App.FailOverAsync(tenant.TenantId);
        await App.WaitUntilServedAsync(first);
        await fleet.DriveOnAsync(20);

        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
        var second = await App.FailOverAsync(tenant.TenantId);
        await App.WaitUntilRestoredAsync(second);
        await App.SteerAsync(second, "commit");

        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(second)).Text("state"));
        Assert.Equal("cancelled", (await App.WaitUntilOverAsync(first)).Text("state"));
        await fleet.DriveOnAsync(20);
        await fleet.StopAsync();
        await fleet.AssertNothingLostAsync();
        Assert.Empty(await App.GetOrphansAsync([tenant]));
        var homes = (await App.GetReportAsync(second)).GetProperty("homes").EnumerateArray().Select(home => home.Text("outcome"));
        Assert.Equal(["gone", "given-up"], homes);
    }
}
