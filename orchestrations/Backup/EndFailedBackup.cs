using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>
/// Closes the operation of a backup that failed. A backup that is finished stays one, whatever failed afterwards.
/// </summary>
public sealed class EndFailedBackup(OperationStore operations, BackupStore backups, AlertStore alerts)
{
    /// <summary>Kind of the alert for a tenant whose last backup failed.</summary>
    public const string Alert = "backup-failed";

    /// <summary>The end of the operation.</summary>
    [Function(nameof(EndFailedBackup))]
    public async Task RunAsync([ActivityTrigger] FailedBackup failed, CancellationToken cancellationToken)
    {
        var operationId = failed.Input.OperationId;
        await operations.EndStepAsync(operationId, failed.Step, StepState.Failed, failed.Reason, cancellationToken);
        await backups.FailAsync(operationId, cancellationToken);
        await alerts.RaiseAsync(
            Alert,
            failed.Input.TenantId.ToString(),
            $"{failed.Step} failed: {failed.Reason} It is tried again within hours; "
            + $"POST /api/tenants/{failed.Input.TenantId}/backups does so at once.",
            cancellationToken);
        await operations.EnterAsync(
            operationId, OperationState.Failed, new OperationError(failed.Step, failed.Reason, []), cancellationToken);
    }
}
