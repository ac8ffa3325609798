using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>Imports what was exported.</summary>
public sealed class ImportHistory(
    MoveSteps steps,
    OperationStore operations,
    MoveStore moves,
    TenantExport export,
    TenantImport import,
    CatchUp catchUp,
    TimeProvider time)
{
    /// <summary>The step. What an interrupted attempt has brought is kept.</summary>
    [Function(nameof(ImportHistory))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(ImportHistory),
            async (moving, token) =>
            {
                var begin = Stopwatch.GetTimestamp();
                var manifest = await export.FindManifestAsync(moving.Move.ExportName, token)
                    ?? throw new StepRefusedException($"Export {moving.Move.ExportName} is gone. Start the migration anew.");
                var target = await steps.DatabaseAsync(moving.Target, token);
                await using var watch = new TransferWatch(
                    operations, moves, input.OperationId, nameof(ImportHistory), time, token);
                await import.RunAsync(target, manifest, watch, watch.Token);
                await catchUp.BeginAsync(target, input.TenantId, manifest.Mark, token);
                var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
                await operations.AddFiguresAsync(input.OperationId, new { import = new { manifest.Rows, seconds } }, token);
                return StepOutcome.Done($"{manifest.Rows:N0} rows from {manifest.Chunks.Count:N0} files.");
            },
            cancellationToken);
}
