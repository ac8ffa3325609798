using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>A tenant's only database is lost while its devices post.</summary>
public sealed class FailoverTests : Scenario
{
    private static readonly AppOptions Options = new() { Servers = [5, 5], Settings = EmergencyCalls.Settings };

    [Fact]
    public async Task Tenant_whose_disk_is_lost_has_every_accepted_point_in_a_new_home()
    {
        await StartAsync("failover", Options);
        var tenants = new List<SignedUp>();
        foreach (var data in (SignupData[])[SignupData.Hobby, SignupData.Starter])
        {
            var tenant = await App.SignUpToTheEndAsync(data);
            await NameVehicleAsync(tenant, "v1", "Kept");
            await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, devices: 3, isManned: false);
            await fleet.DriveOnAsync(30);
            await App.BackUpAsync(tenant.TenantId);
            await fleet.DriveOnAsync(30);

            await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
            await fleet.DriveOnAsync(30);
            var failover = await App.FailOverAsync(tenant.TenantId);
            await App.WaitUntilServedAsync(failover);
            Assert.Equal("Kept", await VehicleNameAsync(tenant, "v1"));
            await fleet.DriveOnAsync(30);
            var ended = await App.WaitUntilOverAsync(failover);
            await fleet.StopAsync();

            Assert.Equal("succeeded", ended.Text("state"));
            await fleet.AssertNothingLostAsync();
            tenants.Add(tenant);
            Assert.Empty(await App.GetOrphansAsync(tenants));
            var report = await App.GetReportAsync(failover);
            Assert.True(report.GetProperty("isFinal").GetBoolean());
            Assert.Equal("gone", Assert.Single(report.GetProperty("homes").EnumerateArray()).Text("outcome"));
            Say($"{fleet.Accepted} points accepted; ingest after {report.GetProperty("times").GetProperty("secondsToIngest")} s, "
                + $"history after {report.GetProperty("times").GetProperty("secondsToFullHistory")} s");
        }
    }

    [Fact]
    public async Task Lost_home_that_comes_back_is_fenced_and_what_only_it_has_is_fetched()
    {
        await StartAsync("comesback", Options);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        await NameVehicleAsync(tenant, "v1", "Before");
        await NameVehicleAsync(tenant, "v2", "Before");
        await App.BackUpAsync(tenant.TenantId);
        await NameVehicleAsync(tenant, "v1", "After the backup");
        await NameVehicleAsync(tenant, "v2", "After the backup");
        await NameVehicleAsync(tenant, "v3", "New");
        var lost = await App.DatabaseOfAsync(tenant.TenantId);
        await App.ChangeDatabaseAsync(lost, "down");

        var failover = await App.FailOverAsync(tenant.TenantId);
        await App.WaitUntilRestoredAsync(failover);
        Assert.Equal("Before", await VehicleNameAsync(tenant, "v1"));
        Assert.Contains("changed after the backup", Assert.Single(await LostAsync(failover)), StringComparison.Ordinal);
        await NameVehicleAsync(tenant, "v2", "After the switch");
        Assert.Equal(HttpStatusCode.Conflict, (await App.Operator.PostAsync(
            $"api/tenants/{tenant.TenantId}/migrations", new { kind = "upgrade" })).Status);
        await App.ChangeDatabaseAsync(lost, "up");

        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(failover)).Text("state"));
        Assert.Equal("After the backup", await VehicleNameAsync(tenant, "v1"));
        Assert.Equal("After the switch", await VehicleNameAsync(tenant, "v2"));
        Assert.Equal("New", await VehicleNameAsync(tenant, "v3"));
        Assert.Empty(await LostAsync(failover));
        var home = Assert.Single((await App.GetReportAsync(failover)).GetProperty("homes").EnumerateArray());
        Assert.Equal("reconciled", home.Text("outcome"));
        Assert.Equal(1, home.GetProperty("report").GetProperty("conflictCount").GetInt64());
        Assert.Empty(await App.GetOrphansAsync([tenant]));
    }

    [Fact]
    public async Task Home_that_is_only_slow_is_failed_over_when_it_is_forced_and_loses_nothing()
    {
        await StartAsync("halfdead", Options);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        await App.BackUpAsync(tenant.TenantId);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, devices: 3);
        await fleet.DriveOnAsync(30);

        var refused = await App.Operator.PostAsync($"api/tenants/{tenant.TenantId}/migrations", new { kind = "emergency" });
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("is well", refused.Json.Text("detail"), StringComparison.Ordinal);
        var failover = await App.FailOverAsync(tenant.TenantId, force: true);

        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(failover)).Text("state"));
        await fleet.DriveOnAsync(30);
        await fleet.StopAsync();
        await fleet.AssertNothingLostAsync();
        Assert.Equal(0, fleet.ReadsFailed);
        Assert.Empty(await App.GetOrphansAsync([tenant]));
    }

    [Fact]
    public async Task Home_that_is_lost_while_the_tenant_is_upgraded_is_failed_over_in_the_upgrade_s_place()
    {
        await StartAsync("midupgrade", Options);
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
        await StartAsync("secondfailover", Options);
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

    private async Task NameVehicleAsync(SignedUp tenant, string vehicle, string name) =>
        Assert.Contains(
            (await App.Operator.PutAsync($"api/tenants/{tenant.TenantId}/vehicles/{vehicle}", new { name })).Status,
            (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.Created]);

    private async Task<string> VehicleNameAsync(SignedUp tenant, string vehicle) =>
        (await App.Operator.GetAsync($"api/tenants/{tenant.TenantId}/vehicles/{vehicle}")).Expect(HttpStatusCode.OK).Json.Text("name");

    private async Task<List<string?>> LostAsync(Guid failover) =>
        [.. (await App.GetReportAsync(failover)).GetProperty("lost").EnumerateArray().Select(text => text.GetString())];
}
