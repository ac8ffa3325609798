using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Provisioning.Fly;

/// <summary>Creates schema and roles in the tenant's new database. They go with the database's volume.</summary>
public sealed class PrepareDatabase(
    StepRunner steps, PlacementStore placements, TenantDatabaseStore databases, TenantDatabaseSetup setup)
{
    /// <summary>The step.</summary>
    [Function(nameof(PrepareDatabase))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(PrepareDatabase),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
                await setup.PrepareAsync(database, HostingMode.SingleTenant, cancellationToken);
                return StepOutcome.Done($"Schema of this build in database {database.Name}.");
            },
            cancellationToken);
}
