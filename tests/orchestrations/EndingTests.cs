using Microsoft.DurableTask.Client;
using WebHost.Backups;
using WebHost.Provisioning;
using WebHost.Provisioning.Fly;
using WebHost.Provisioning.Hetzner;
using WebHost.Servers;

namespace WebHost.Orchestrations.Tests;

/// <summary>Orchestrations that have failed while what would close them is out of reach.</summary>
public sealed class EndingTests(ScriptedEngine engine) : IClassFixture<ScriptedEngine>
{
    // Twice the attempts of a step; between two there is a timer, which is set and fires.
    private const int Attempts = 6;
    private const int TimersOfRetries = 2 * (Attempts - 1);

    [Theory]
    [InlineData(nameof(BackUpTenant), nameof(CopyBackup), nameof(EndFailedBackup))]
    [InlineData(nameof(ProveBackup), nameof(RestoreOnScratch), nameof(EndFailedProof))]
    [InlineData(nameof(RestoreTenant), nameof(RestoreAside), nameof(EndFailedRestore))]
    [InlineData(nameof(TakeServerIntoService), nameof(PlaceOrder), nameof(EndFailedOrder))]
    [InlineData(nameof(ProvisionOnHetzner), nameof(VerifyHome), nameof(FailedProvisioning.BeginTakingBack))]
    [InlineData(nameof(ProvisionOnFly), nameof(VerifyHome), nameof(FailedProvisioning.EndTakingBack))]
    public async Task Orchestration_whose_end_fails_however_often_is_not_over(string orchestrator, string step, string end)
    {
        var script = new Script().Refuses(step).Fails(end, Attempts);

        var instanceId = await engine.StartAsync(orchestrator, script);

        await engine.WaitsAsync(instanceId, TimersOfRetries + 1);
        Assert.Equal(
            OrchestrationRuntimeStatus.Running, (await engine.Client.GetInstanceAsync(instanceId, default))!.RuntimeStatus);
        Assert.Equal(Attempts, script.Calls.Count(call => call == end));
    }
}
