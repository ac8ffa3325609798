using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>The host dies while a tenant is failed over.</summary>
public sealed class FailoverKillTests : Scenario
{
    private const int Devices = 3;
    private const int LatestKill = 5_000;

    private static readonly string[] Sample = ["StartDatabase", "TakeOver", "RestoreHistory", "RemoveOldHomes"];

    [Fact]
    public async Task Failover_whose_host_is_killed_at_its_steps_or_any_moment_ends_and_nothing_is_lost()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await StartAsync("killfailover", new AppOptions { Settings = EmergencyCalls.Settings });
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, Devices, isManned: false);
        await fleet.DriveOnAsync(20);
        await App.BackUpAsync(tenant.TenantId);

        foreach (var step in IsLongRun ? await StepsAsync(tenant, fleet) : Sample)
        {
            await RunAsync(tenant, fleet, async failover =>
            {
                await App.WaitForOperationAsync(failover, operation => EmergencyCalls.StateOf(operation, step) != "pending");
                Say($"killed at {step}");
            });
        }

        for (var moment = 0; moment < (IsLongRun ? 50 : 1); moment++)
        {
            var delay = TimeSpan.FromMilliseconds(random.Next(LatestKill));
            Say($"Seed {seed}, moment {moment}: killed {delay.TotalMilliseconds} ms after the failover began");
            await RunAsync(tenant, fleet, _ => Task.Delay(delay, Cancellation));
        }

        await fleet.StopAsync();
        await fleet.AssertNothingLostAsync();
        Say($"{fleet.Accepted} points accepted");
    }

    // Every step that a failover shows, of one that is left alone.
    private async Task<IReadOnlyList<string>> StepsAsync(SignedUp tenant, FleetAtWork fleet)
    {
        var failover = await RunAsync(tenant, fleet, kill: null);
        return [.. EmergencyCalls.PartsOf((await App.Operator.GetAsync($"api/operations/{failover}")).Json).Select(part => part.Text("name"))];
    }

    private async Task<Guid> RunAsync(SignedUp tenant, FleetAtWork fleet, Func<Guid, Task>? kill)
    {
        await fleet.DriveOnAsync(20);
        await App.ChangeDatabaseAsync(await App.DatabaseOfAsync(tenant.TenantId), "lose");
        var failover = await App.FailOverAsync(tenant.TenantId);
        if (kill is not null)
        {
            await kill(failover);
            await App.KillHostAsync();
            await App.StartHostAsync();
        }

        Assert.Equal("succeeded", (await App.WaitUntilOverAsync(failover)).Text("state"));
        Assert.Empty(await App.GetOrphansAsync([tenant]));
        return failover;
    }
}
