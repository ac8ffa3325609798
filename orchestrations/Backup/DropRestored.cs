using Microsoft.Azure.Functions.Worker;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Drops the database into which a tenant was restored.</summary>
public sealed class DropRestored(StepRunner steps, OperationStore operations, ScratchDatabases scratch)
{
    /// <summary>The step, and the end of the operation.</summary>
    [Function(nameof(DropRestored))]
    public async Task<bool> RunAsync([ActivityTrigger] RestoreInput input, CancellationToken cancellationToken)
    {
        await steps.RunAsync(
            input.OperationId,
            nameof(DropRestored),
            async () =>
            {
                await scratch.DropAsync(input.OperationId, cancellationToken);
                return StepOutcome.Done("Nothing is left but the archive.");
            },
            cancellationToken);
        await operations.EnterAsync(input.OperationId, OperationState.Succeeded, null, cancellationToken);
        return true;
    }
}
