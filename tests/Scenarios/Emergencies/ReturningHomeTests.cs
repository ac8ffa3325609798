using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>A home that was given up answers after all.</summary>
public sealed class ReturningHomeTests : Scenario
{
    [Fact]
    public async Task Lost_home_that_comes_back_is_fenced_and_what_only_it_has_is_fetched()
    {
        await StartAsync("comesback", EmergencyCalls.TwoServers);
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        await App.NameVehicleAsync(tenant, "v1", "Before");
        await App.NameVehicleAsync(tenant, "v2", "Before");
        await App.BackUpAsync(tenant.TenantId);
        await App.NameVehicleAsync(tenant, "v1", "After the backup");
        await App.NameVehicleAsync(tenant, "v2", "After the backup");
        await App.NameVehicleAsync(tenant, "v3", "New");
        var lost = await App.DatabaseOfAsync(tenant.TenantId);
        await ForgetReleaseAsync(lost);
        await App.ChangeDatabaseAsync(lost, "down");

        var failover = await App.FailOverAsync(tenant.TenantId);
        await App.WaitUntilRestoredAsync(failover);
        Assert.Equal("Before", await App.GetVehicleNameAsync(tenant, "v1"));
        Assert.Contains("changed after the backup", Assert.Single(await LostAsync(failover)), StringComparison.Ordinal);
        await App.NameVehicleAsync(tenant, "v2", "After the switch");
        Assert.Equal(HttpStatusCode.Conflict, (await App.Operator.PostAsync(
            $"api/tenants/{tenant.TenantId}/migrations", new { kind = "upgrade" })).Status);
        await App.ChangeDatabaseAsync(lost, "up");

        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(failover)).Text("state"));
        Assert.Equal("After the backup", await App.GetVehicleNameAsync(tenant, "v1"));
        Assert.Equal("After the switch", await App.GetVehicleNameAsync(tenant, "v2"));
        Assert.Equal("New", await App.GetVehicleNameAsync(tenant, "v3"));
        Assert.Empty(await LostAsync(failover));
        var home = Assert.Single((await App.GetReportAsync(failover)).GetProperty("homes").EnumerateArray());
        Assert.Equal("reconciled", home.Text("outcome"));
        Assert.Equal(1, home.GetProperty("report").GetProperty("conflictCount").GetInt64());
        Assert.Empty(await App.GetOrphansAsync([tenant]));
    }

    [Fact]
    public async Task Home_that_is_only_slow_is_failed_over_when_it_is_forced_and_loses_nothing()
    {
        await StartAsync("halfdead", EmergencyCalls.TwoServers);
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

    // As a release would find it that came while it was away.
    private static async Task ForgetReleaseAsync(string database)
    {
        await using var source = LocalApp.OpenTenantDatabase(database);
        await source.ExecuteAsync(
            """
            DELETE FROM schemaversions WHERE scriptname LIKE '%0011_trackers.sql';
            ALTER TABLE fleet.devices DROP COLUMN gateway_id, DROP COLUMN ident;
            ALTER TABLE fleet.quarantine DROP COLUMN ident;
            DROP FUNCTION fleet.ingest_trackers;
            """);
    }

    private async Task<List<string?>> LostAsync(Guid failover) =>
        [.. (await App.GetReportAsync(failover)).GetProperty("lost").EnumerateArray().Select(text => text.GetString())];
}
