using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Backups;

/// <summary>Copies the tenant's rows from wherever it is served.</summary>
public sealed class CopyBackup(
    StepRunner steps,
    OperationStore operations,
    PlacementStore placements,
    TenantDatabaseStore databases,
    BackupStore backups,
    TenantBackups tenantBackups,
    TimeProvider time)
{
    /// <summary>The step. What an interrupted attempt has finished is kept.</summary>
    [Function(nameof(CopyBackup))]
    public Task<bool> RunAsync([ActivityTrigger] BackupInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(CopyBackup),
            async () =>
            {
                var begin = Stopwatch.GetTimestamp();
                var placement = await placements.GetAsync(input.TenantId, cancellationToken);
                var source = placement.DatabaseId is { } id && placement.State == PlacementState.Serving
                    ? await databases.GetAsync(id, cancellationToken)
                    : throw new StepRefusedException($"Tenant {input.TenantId} is served from no database.");
                await using var watch = new TransferWatch(
                    operations, input.OperationId, nameof(CopyBackup), time, cancellationToken);
                var backup = await tenantBackups.RunAsync(
                    await backups.GetAsync(input.OperationId, cancellationToken), source, watch, watch.Token);
                var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
                await operations.AddFiguresAsync(
                    input.OperationId,
                    new { backup = new { backup.Rows, backup.Bytes, backup.CopiedBytes, seconds } },
                    cancellationToken);
                return StepOutcome.Done(
                    $"{backup.Rows:N0} rows, {backup.Bytes:N0} bytes, of which "
                    + $"{backup.CopiedBytes:N0} had changed since the last backup.");
            },
            cancellationToken);
}
