using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>Exports what the new plan does not retain to where the tenant can download it.</summary>
public sealed class ArchiveHistory(
    MoveSteps steps, OperationStore operations, MoveStore moves, TenantExport export, TimeProvider time)
{
    /// <summary>The step.</summary>
    [Function(nameof(ArchiveHistory))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(ArchiveHistory),
            async (moving, token) =>
            {
                // What old days get from here on may miss the archive, and the export has none of these days: caught up.
                await export.MarkAsync(moving.SourceDatabase, moving.Move.ExportName, token);
                await using var watch = new TransferWatch(
                    operations, moves, input.OperationId, nameof(ArchiveHistory), time, token);
                var manifest = await export.RunAsync(
                    moving.SourceDatabase,
                    input.TenantId,
                    moving.Move.ArchiveName,
                    moving.Move.RetainedSince is { } since ? DayRange.Until(since) : DayRange.All,
                    watch,
                    watch.Token);
                await operations.AddFiguresAsync(
                    input.OperationId, new { archive = new { manifest.Rows, manifest.Bytes, files = manifest.Chunks.Count } }, token);
                return StepOutcome.Done(
                    $"{manifest.Rows:N0} rows from before {moving.Move.RetainedSince:yyyy-MM-dd}: GET /api/tenants/{input.TenantId}/archives.");
            },
            cancellationToken);
}
