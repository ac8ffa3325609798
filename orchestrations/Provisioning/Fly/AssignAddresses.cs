using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Providers.Fly;

namespace WebHost.Provisioning.Fly;

/// <summary>Gives both apps public addresses: the application for its users, the database, behind TLS, for the control plane. They go with the apps.</summary>
public sealed class AssignAddresses(StepRunner steps, PlacementStore placements, FlyApps apps)
{
    /// <summary>The step.</summary>
    [Function(nameof(AssignAddresses))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(AssignAddresses),
            async () =>
            {
                var names = (await placements.GetHomeAsync(provisioning, cancellationToken)).Names;
                var shared = await apps.EnsureSharedIpAsync(names.App, cancellationToken);
                var own = await apps.EnsureIpv6Async(names.App, cancellationToken);
                var database = await apps.EnsureIpv6Async(names.DatabaseApp, cancellationToken);
                return StepOutcome.Done($"Application {shared} and {own}, database {database}.");
            },
            cancellationToken);
}
