using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers.Fly;
using WebHost.Tenants;

namespace WebHost.Provisioning.Fly;

/// <summary>Creates the encrypted volumes on which the tenant's database and its replicas live.</summary>
public sealed class CreateVolume(StepRunner steps, PlacementStore placements, TenantStore tenants, FlyVolumes volumes)
{
    /// <summary>The step.</summary>
    [Function(nameof(CreateVolume))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(CreateVolume),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var tenant = await tenants.GetAsync(provisioning.TenantId, cancellationToken);
                var sizing = FlySizing.Of(placement.Plan);
                var names = placement.Names;
                var wanted = sizing.ReplicaRegions(FlyRegions.Of(tenant, placement))
                    .Select((region, i) => (Name: names.ReplicaVolume(i + 1), Region: region))
                    .Prepend((Name: names.Volume, placement.Region));
                var made = new List<string>();
                foreach (var (name, region) in wanted)
                {
                    var volume = await volumes.EnsureVolumeAsync(
                        names.DatabaseApp,
                        new FlyVolumeRequest(name, region, sizing.VolumeGb)
                        {
                            Compute = sizing.Database,
                            // One failing zone must not take primary and replica with it.
                            UniqueZoneAppWide = true,
                        },
                        cancellationToken);
                    made.Add($"{volume.Id} in {volume.Region}");
                }

                return StepOutcome.Done($"{sizing.VolumeGb} GB each: {string.Join(", ", made)}.");
            },
            cancellationToken);

    /// <summary>Deletes the volumes with what is on them.</summary>
    [Function("Undo" + nameof(CreateVolume))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(CreateVolume),
            async () =>
            {
                var app = (await placements.GetHomeAsync(provisioning, cancellationToken)).Names.DatabaseApp;
                foreach (var volume in await volumes.ListAsync(app, cancellationToken))
                {
                    await volumes.DeleteVolumeAsync(app, volume.Id, cancellationToken);
                }
            },
            cancellationToken);
}
