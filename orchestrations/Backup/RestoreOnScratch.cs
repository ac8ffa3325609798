using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Restores a backup into a database of its own and compares it.</summary>
public sealed class RestoreOnScratch(
    StepRunner steps, OperationStore operations, BackupStore backups, BackupProof proof, AlertStore alerts)
{
    /// <summary>The step, and the end of the operation.</summary>
    [Function(nameof(RestoreOnScratch))]
    public async Task<bool> RunAsync([ActivityTrigger] ProofInput input, CancellationToken cancellationToken)
    {
        await steps.RunAsync(
            input.OperationId,
            nameof(RestoreOnScratch),
            async () =>
            {
                if (await backups.FindAsync(input.BackupId, cancellationToken) is not { State: BackupState.Finished } backup)
                {
                    return StepOutcome.Done("The backup has expired meanwhile.");
                }

                if (await proof.RunAsync(input.OperationId, backup, cancellationToken) is { } fault)
                {
                    throw new StepRefusedException(fault);
                }

                await alerts.ResolveAsync(EndFailedProof.DamagedAlert, input.TenantId.ToString(), cancellationToken);
                await alerts.ResolveAsync(EndFailedProof.UntriedAlert, EndFailedProof.Scratch, cancellationToken);
                return StepOutcome.Done($"{backup.Rows:N0} rows were restored and are what they should be.");
            },
            cancellationToken);
        await operations.EnterAsync(input.OperationId, OperationState.Succeeded, null, cancellationToken);
        return true;
    }
}
