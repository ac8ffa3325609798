using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>
/// Removes backups that are not kept any longer, which is safe while no other one of the tenant is being made.
/// </summary>
public sealed class PruneBackups(
    StepRunner steps, OperationStore operations, TenantBackups tenantBackups, AlertStore alerts)
{
    /// <summary>The step, and the end of the operation.</summary>
    [Function(nameof(PruneBackups))]
    public async Task<bool> RunAsync([ActivityTrigger] BackupInput input, CancellationToken cancellationToken)
    {
        await steps.RunAsync(
            input.OperationId,
            nameof(PruneBackups),
            async () =>
            {
                await alerts.ResolveAsync(EndFailedBackup.Alert, input.TenantId.ToString(), cancellationToken);
                var files = await tenantBackups.PruneAsync(input.TenantId, cancellationToken);
                return StepOutcome.Done($"{files} files were deleted.");
            },
            cancellationToken);
        await operations.EnterAsync(input.OperationId, OperationState.Succeeded, null, cancellationToken);
        return true;
    }
}
