using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers.Fly;

namespace WebHost.Provisioning.Fly;

/// <summary>Creates the tenant's two apps, application and database, in a private network of their own.</summary>
public sealed class CreateApps(StepRunner steps, PlacementStore placements, FlyApps apps)
{
    /// <summary>The step.</summary>
    [Function(nameof(CreateApps))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(CreateApps),
            async () =>
            {
                var names = (await placements.GetHomeAsync(provisioning, cancellationToken)).Names;
                await apps.EnsureAppAsync(names.DatabaseApp, names.Network, cancellationToken);
                await apps.EnsureAppAsync(names.App, names.Network, cancellationToken);
                return StepOutcome.Done($"Apps {names.App} and {names.DatabaseApp} in network {names.Network}.");
            },
            cancellationToken);

    /// <summary>Deletes both apps with whatever is still in them.</summary>
    [Function("Undo" + nameof(CreateApps))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(CreateApps),
            async () =>
            {
                var names = (await placements.GetHomeAsync(provisioning, cancellationToken)).Names;
                await apps.DeleteAppAsync(names.App, cancellationToken);
                await apps.DeleteAppAsync(names.DatabaseApp, cancellationToken);
            },
            cancellationToken);
}
