using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers;
using WebHost.Providers.Fly;

namespace WebHost.Provisioning.Fly;

/// <summary>
/// Starts the replicas of the tenant's PostgreSQL, in other zones or other regions than the primary, which they clone. What
/// takes back <see cref="StartDatabase"/> takes them back too.
/// </summary>
public sealed class StartReplicas(
    StepRunner steps,
    PlacementStore placements,
    FlyVolumes volumes,
    FlyMachines machines,
    IOptions<ProvidersOptions> options)
{
    // A clone of a new, empty database; the machine waits for it before it is started.
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    /// <summary>The step.</summary>
    [Function(nameof(StartReplicas))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(StartReplicas),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var sizing = FlySizing.Of(placement.Plan);
                if (sizing.Replicas == 0)
                {
                    return StepOutcome.Done("The plan has none.");
                }

                var app = placement.Names.DatabaseApp;
                var present = await volumes.ListAsync(app, cancellationToken);
                var started = new List<FlyMachine>();
                for (var replica = 1; replica <= sizing.Replicas; replica++)
                {
                    var volume = present.First(volume => volume.Name == placement.Names.ReplicaVolume(replica));
                    var config = DatabaseMachines.Configure(
                        options.Value.Fly.DatabaseImage, sizing, placement.Region, volume);
                    started.Add(await machines.EnsureMachineAsync(
                        app,
                        new FlyMachineRequest(placement.Names.ReplicaMachine(replica), volume.Region, config),
                        provisioning.Owner,
                        cancellationToken));
                }

                await Task.WhenAll(
                    started.Select(machine => machines.WaitStartedAsync(app, machine, StartLimit, cancellationToken)));
                return StepOutcome.Done(
                    $"{string.Join(", ", started.Select(machine => $"{machine.Id} in {machine.Region}"))}.");
            },
            cancellationToken);
}
