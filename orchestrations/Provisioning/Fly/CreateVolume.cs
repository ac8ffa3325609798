using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers.Fly;
using WebHost.Tenants;

namespace WebHost.Provisioning.Fly;

/// <summary>Creates the encrypted volume on which the tenant's database lives.</summary>
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
                var placement = await placements.GetAsync(provisioning.TenantId, cancellationToken);
                var sizing = FlySizing.Of((await tenants.GetAsync(provisioning.TenantId, cancellationToken)).Plan);
                var volume = await volumes.EnsureVolumeAsync(
                    placement.Names.DatabaseApp,
                    new FlyVolumeRequest(placement.Names.Volume, placement.Region, sizing.VolumeGb) { Compute = sizing.Database },
                    cancellationToken);
                return StepOutcome.Done($"Volume {volume.Id}, {volume.SizeGb} GB in {volume.Region}.");
            },
            cancellationToken);

    /// <summary>Deletes the volume with what is on it.</summary>
    [Function("Undo" + nameof(CreateVolume))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(CreateVolume),
            async () =>
            {
                var app = (await placements.GetAsync(provisioning.TenantId, cancellationToken)).Names.DatabaseApp;
                foreach (var volume in await volumes.ListAsync(app, cancellationToken))
                {
                    await volumes.DeleteVolumeAsync(app, volume.Id, cancellationToken);
                }
            },
            cancellationToken);
}
