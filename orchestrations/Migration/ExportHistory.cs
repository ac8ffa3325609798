using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>Exports everything that moves.</summary>
public sealed class ExportHistory(
    MoveSteps steps, OperationStore operations, MoveStore moves, TenantExport export, TimeProvider time)
{
    /// <summary>The step. What an interrupted attempt has finished is kept.</summary>
    [Function(nameof(ExportHistory))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(ExportHistory),
            async (moving, token) =>
            {
                var begin = Stopwatch.GetTimestamp();
                await using var watch = new TransferWatch(
                    operations, moves, input.OperationId, nameof(ExportHistory), time, token);
                var manifest = await export.RunAsync(
                    moving.SourceDatabase,
                    input.TenantId,
                    moving.Move.ExportName,
                    DayRange.From(moving.Move.RetainedSince),
                    watch,
                    watch.Token);
                var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
                await operations.AddFiguresAsync(
                    input.OperationId,
                    new { export = new { manifest.Rows, manifest.Bytes, files = manifest.Chunks.Count, seconds } },
                    token);
                return StepOutcome.Done($"{manifest.Rows:N0} rows in {manifest.Chunks.Count:N0} files, {manifest.Bytes:N0} bytes.");
            },
            cancellationToken);
}
