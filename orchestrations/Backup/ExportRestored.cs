using Microsoft.Azure.Functions.Worker;
using WebHost.Migration;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Exports what was restored to where operators and the tenant can download it.</summary>
public sealed class ExportRestored(
    StepRunner steps, OperationStore operations, ScratchDatabases scratch, TenantExport export, TimeProvider time)
{
    /// <summary>The step. What an interrupted attempt has finished is kept.</summary>
    [Function(nameof(ExportRestored))]
    public Task<bool> RunAsync([ActivityTrigger] RestoreInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(ExportRestored),
            async () =>
            {
                var restored = await scratch.FindAsync(input.OperationId, input.TenantId, cancellationToken)
                    ?? throw new StepRefusedException("The database into which everything was restored is gone.");
                await using var watch = new TransferWatch(
                    operations, input.OperationId, nameof(ExportRestored), time, cancellationToken);
                var manifest = await export.RunAsync(
                    restored.Database,
                    input.TenantId,
                    TenantArchives.RestoreName(input.TenantId, input.OperationId),
                    DayRange.All,
                    watch,
                    watch.Token);
                await operations.AddFiguresAsync(
                    input.OperationId,
                    new
                    {
                        archive = new
                        {
                            id = input.OperationId,
                            manifest.Rows,
                            manifest.Bytes,
                            files = manifest.Chunks.Count,
                            tables = manifest.Chunks.GroupBy(chunk => chunk.Table)
                                .ToDictionary(table => table.Key, table => table.Sum(chunk => chunk.Digest.Rows)),
                        },
                    },
                    cancellationToken);
                return StepOutcome.Done(
                    $"{manifest.Rows:N0} rows, {manifest.Bytes:N0} bytes: "
                    + $"GET /api/tenants/{input.TenantId}/archives/{input.OperationId}.");
            },
            cancellationToken);
}
