using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Provisioning;

/// <summary>Proves, with the roles that will be used, that the tenant's database takes its writes and shows it nobody else's rows.</summary>
public sealed class VerifyHome(
    StepRunner steps, PlacementStore placements, TenantDatabaseStore databases, TenantDatabaseSetup setup)
{
    /// <summary>The step.</summary>
    [Function(nameof(VerifyHome))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(VerifyHome),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
                await setup.VerifyAsync(database, placement, cancellationToken);
                return StepOutcome.Done("Writes and points are taken; no foreign row is visible.");
            },
            cancellationToken);
}
