using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>A tenant's only database is lost while its devices post.</summary>
public sealed class FailoverTests : Scenario
{
    [Fact]
    public async Task Tenant_whose_disk_is_lost_has_every_accepted_point_in_a_new_home()
    {
        await StartAsync("failover", EmergencyCalls.TwoServers);
        var tenants = new List<SignedUp>();
        foreach (var data in (SignupData[])[SignupData.Hobby, SignupData.Starter])
        {
            var tenant = await App.SignUpToTheEndAsync(data);
            await App.NameVehicleAsync(tenant, "v1", "Kept");
            await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, devices: 3, isManned: false);
            await fleet.DriveOnAsync(30);
            await App.BackUpAsync(tenant.TenantId);
            await fleet.DriveOnAsync(30);

            await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
            await fleet.DriveOnAsync(30);
            var failover = await App.FailOverAsync(tenant.TenantId);
            await App.WaitUntilServedAsync(failover);
            Assert.Equal("Kept", await App.GetVehicleNameAsync(tenant, "v1"));
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
    public async Task Tenant_of_a_plan_that_is_unattended_is_failed_over_by_itself_and_whole_though_its_backup_is_damaged()
    {
        await StartAsync("unattended", EmergencyCalls.TwoServers with
        {
            Settings = new Dictionary<string, string>(EmergencyCalls.Settings)
            {
                ["Failovers__ProposeAfter"] = "00:00:05",
                ["Failovers__Unattended"] = "starter",
            },
        });

        // Were all of a vendor's databases silent, an operator would be asked.
        var other = await App.SignUpToTheEndAsync(SignupData.Starter);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        await App.NameVehicleAsync(tenant, "v1", "Kept");
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, devices: 3, isManned: false);
        await fleet.DriveOnAsync(30);
        await App.BackUpAsync(tenant.TenantId);
        Assert.InRange(await EmergencyCalls.DamageBackupAsync(tenant.TenantId, "points"), 1, 10);

        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
        await fleet.DriveOnAsync(30);
        var failover = await App.WaitForFailoverAsync(tenant.TenantId);
        var ended = await App.WaitUntilOverAsync(failover);
        await fleet.StopAsync();

        Assert.Equal("succeeded", ended.Text("state"));
        await fleet.AssertNothingLostAsync();
        Assert.Equal("Kept", await App.GetVehicleNameAsync(tenant, "v1"));
        Assert.Empty(await App.GetOrphansAsync([other, tenant]));
    }
}
