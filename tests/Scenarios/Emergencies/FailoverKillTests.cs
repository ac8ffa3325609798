using WebHost.Scenarios.Callers;
using WebHost.Scenarios.Hosting;
using WebHost.Scenarios.Migrations;

namespace WebHost.Scenarios.Emergencies;

/// <summary>The host dies while a tenant is failed over.</summary>
public sealed class FailoverKillTests : Scenario
{
    private const int Devices = 3;
    private const int LatestKill = 5_000;

    private static readonly string[] Sample = ["TakeOver", "RestoreHistory"];

    private readonly List<SignedUp> _tenants = [];

    [Fact]
    public async Task Failover_whose_host_is_killed_at_its_steps_or_any_moment_ends_and_nothing_is_lost()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await StartAsync("killfailover", new AppOptions { Settings = EmergencyCalls.Settings });
        foreach (var step in IsLongRun ? await StepsAsync() : Sample)
        {
            Say($"killed at {step}");
            await RunAsync(failover =>
                App.WaitForOperationAsync(failover, operation => EmergencyCalls.StateOf(operation, step) != "pending"));
        }

        for (var moment = 0; moment < (IsLongRun ? 50 : 1); moment++)
        {
            var delay = TimeSpan.FromMilliseconds(random.Next(LatestKill));
            Say($"Seed {seed}, moment {moment}: killed {delay.TotalMilliseconds} ms after the failover began");
            await RunAsync(_ => Task.Delay(delay, Cancellation));
        }

        Assert.Empty(await App.GetOrphansAsync(_tenants));
    }

    // Every step that a failover shows, of one that is left alone.
    private async Task<IReadOnlyList<string>> StepsAsync()
    {
        var failover = await RunAsync(kill: null);
        return [.. EmergencyCalls.PartsOf((await App.Operator.GetAsync($"api/operations/{failover}")).Json).Select(part => part.Text("name"))];
    }

    // Each with a tenant of its own, whose journal is no longer than its story.
    private async Task<Guid> RunAsync(Func<Guid, Task>? kill)
    {
        var tenant = await App.SignUpToTheEndAsync(SignupData.Starter);
        _tenants.Add(tenant);
        await using var fleet = await FleetAtWork.StartAsync(App, tenant.TenantId, Devices, isManned: false);
        await fleet.DriveOnAsync(20);
        await App.BackUpAsync(tenant.TenantId);
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
        await fleet.DriveOnAsync(20);
        await fleet.StopAsync();
        await fleet.AssertNothingLostAsync();
        return failover;
    }
}
