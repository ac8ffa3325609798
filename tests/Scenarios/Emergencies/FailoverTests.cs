using System.Net;
using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>A tenant's only database is lost while its devices post.</summary>
public sealed class FailoverTests : Scenario
{
    [Theory]
    [InlineData("hobby")]
    [InlineData("starter")]
    public async Task Tenant_whose_disk_is_lost_has_every_accepted_point_in_a_new_home(string plan)
    {
        await StartAsync("failover", new AppOptions { Servers = [5, 5], Settings = EmergencyCalls.Settings });
        var tenant = await App.SignUpToTheEndAsync(plan == "hobby" ? SignupData.Hobby : SignupData.Starter);
        (await App.Operator.PutAsync($"api/tenants/{tenant.TenantId}/vehicles/v1", new { name = "Kept" })).Expect(HttpStatusCode.Created);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, devices: 3, isManned: false);
        await fleet.DriveOnAsync(30);
        await App.BackUpAsync(tenant.TenantId);
        await fleet.DriveOnAsync(30);

        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
        await fleet.DriveOnAsync(30);
        var failover = await App.FailOverAsync(tenant.TenantId);
        await App.WaitUntilServedAsync(failover);
        await fleet.DriveOnAsync(30);
        var ended = await App.WaitUntilOverAsync(failover);
        await fleet.StopAsync();

        Assert.Equal("succeeded", ended.Text("state"));
        await fleet.AssertNothingLostAsync();
        Assert.Equal(
            "Kept",
            (await App.Operator.GetAsync($"api/tenants/{tenant.TenantId}/vehicles/v1")).Expect(HttpStatusCode.OK).Json.Text("name"));
        Assert.Empty(await App.GetOrphansAsync([tenant]));
        var report = await App.GetReportAsync(failover);
        Assert.True(report.GetProperty("isFinal").GetBoolean());
        Assert.Equal("gone", Assert.Single(report.GetProperty("homes").EnumerateArray()).Text("outcome"));
        Say($"{fleet.Accepted} points accepted; ingest after {report.GetProperty("times").GetProperty("secondsToIngest")} s, "
            + $"history after {report.GetProperty("times").GetProperty("secondsToFullHistory")} s");
    }
}
