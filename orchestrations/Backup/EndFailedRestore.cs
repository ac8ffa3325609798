using Microsoft.Azure.Functions.Worker;
using WebHost.Migration;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Closes the operation of a restore that failed, and removes what it had made but for a finished archive.</summary>
public sealed class EndFailedRestore(OperationStore operations, ScratchDatabases scratch, TenantExport export)
{
    /// <summary>The end of the operation.</summary>
    [Function(nameof(EndFailedRestore))]
    public async Task RunAsync([ActivityTrigger] FailedRestore failed, CancellationToken cancellationToken)
    {
        var (operationId, tenantId) = (failed.Input.OperationId, failed.Input.TenantId);
        await operations.EndStepAsync(operationId, failed.Step, StepState.Failed, failed.Reason, cancellationToken);
        var leftBehind = new List<string>();
        try
        {
            await scratch.DropAsync(operationId, cancellationToken);
            var archive = TenantArchives.RestoreName(tenantId, operationId);
            if (await export.FindManifestAsync(archive, cancellationToken) is null)
            {
                await export.DeleteAsync(archive, cancellationToken);
            }
        }
        catch (Exception unreachable) when (!cancellationToken.IsCancellationRequested)
        {
            // The hourly sweep finds the database again.
            leftBehind.Add($"What operation {operationId} had restored: {unreachable.Message}");
        }

        await operations.EnterAsync(
            operationId, OperationState.Failed, new OperationError(failed.Step, failed.Reason, leftBehind), cancellationToken);
    }
}
