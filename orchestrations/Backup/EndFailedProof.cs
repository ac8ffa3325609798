using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Tells operators that a backup is damaged, or that none can be tried, and drops what was restored.</summary>
public sealed class EndFailedProof(
    OperationStore operations, BackupStore backups, ScratchDatabases scratch, AlertStore alerts)
{
    /// <summary>Kind of the alert for a tenant whose newest backup is damaged.</summary>
    public const string DamagedAlert = "backup-damaged";

    /// <summary>Kind of the alert for when backups cannot be tried.</summary>
    public const string UntriedAlert = "backups-untried";

    /// <summary>Subject of the alert for when backups cannot be tried.</summary>
    internal const string Scratch = "scratch-database";

    /// <summary>The end of the operation.</summary>
    [Function(nameof(EndFailedProof))]
    public async Task RunAsync([ActivityTrigger] FailedProof failed, CancellationToken cancellationToken)
    {
        var (operationId, tenantId, backupId) = (failed.Input.OperationId, failed.Input.TenantId, failed.Input.BackupId);
        await operations.EndStepAsync(
            operationId, nameof(RestoreOnScratch), StepState.Failed, failed.Reason, cancellationToken);
        if (await backups.FindAsync(backupId, cancellationToken) is { Fault: not null })
        {
            await alerts.RaiseAsync(
                DamagedAlert,
                tenantId.ToString(),
                $"Backup {backupId} is damaged: {failed.Reason} The next one copies everything anew: "
                + $"POST /api/tenants/{tenantId}/backups.",
                cancellationToken);
        }
        else
        {
            await alerts.RaiseAsync(
                UntriedAlert,
                Scratch,
                $"Backup {backupId} of tenant {tenantId} could not be tried: {failed.Reason}",
                cancellationToken);
        }

        await operations.EnterAsync(
            operationId,
            OperationState.Failed,
            new OperationError(
                nameof(RestoreOnScratch), failed.Reason, await LeftBehindAsync(operationId, cancellationToken)),
            cancellationToken);
    }

    private async Task<IReadOnlyList<string>> LeftBehindAsync(Guid operationId, CancellationToken cancellationToken)
    {
        try
        {
            await scratch.DropAsync(operationId, cancellationToken);
            return [];
        }
        catch (Exception unreachable) when (!cancellationToken.IsCancellationRequested)
        {
            return [$"The scratch database of operation {operationId}: {unreachable.Message}"];
        }
    }
}
