using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Provisioning;

/// <summary>
/// Creates the tenant's role with its limits and has the database serve the tenant, or expect it when it is served elsewhere.
/// </summary>
public sealed class MakeHomeInDatabase(
    StepRunner steps, PlacementStore placements, TenantDatabaseStore databases, TenantDatabaseSetup setup)
{
    /// <summary>The step.</summary>
    [Function(nameof(MakeHomeInDatabase))]
    public Task<bool> RunAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.RunAsync(
            provisioning.OperationId,
            nameof(MakeHomeInDatabase),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
                await (placement.State == PlacementState.Elsewhere
                    ? setup.ExpectTenantAsync(database, placement, cancellationToken)
                    : setup.AddTenantAsync(database, placement, cancellationToken));
                return StepOutcome.Done($"Role {placement.Names.TenantRole} in database {database.Name}, epoch {placement.Epoch}.");
            },
            cancellationToken);

    /// <summary>Takes role and rows out of a shared database. A database of the tenant's own goes as a whole, with its volume.</summary>
    [Function("Undo" + nameof(MakeHomeInDatabase))]
    public Task UndoAsync([ActivityTrigger] ProvisioningInput provisioning, CancellationToken cancellationToken) =>
        steps.UndoAsync(
            provisioning.OperationId,
            nameof(MakeHomeInDatabase),
            async () =>
            {
                var placement = await placements.GetHomeAsync(provisioning, cancellationToken);
                if (placement is { ServerId: not null, DatabaseId: { } databaseId })
                {
                    var database = await databases.GetAsync(databaseId, cancellationToken);
                    await setup.RemoveTenantAsync(database, placement, cancellationToken);
                }
            },
            cancellationToken);
}
