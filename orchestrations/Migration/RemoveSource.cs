using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>Proves that nothing of the source is left, and closes the operation.</summary>
public sealed class RemoveSource(
    StepRunner steps,
    OperationStore operations,
    MoveStore moves,
    HomeProof proof,
    TenantExport export,
    HomeRetention retention,
    AlertStore alerts)
{
    /// <summary>The step, when every step that made the source has been taken back.</summary>
    [Function(nameof(RemoveSource))]
    public async Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken)
    {
        await steps.RunAsync(
            input.OperationId,
            nameof(RemoveSource),
            async () =>
            {
                var move = await moves.GetAsync(input.OperationId, cancellationToken);
                await export.DeleteAsync(move.ExportName, cancellationToken);
                await retention.ResumeAsync(input.TenantId, cancellationToken);
                return StepOutcome.Done(await proof.ProveGoneAsync(input.TenantId, input.Source.Home, cancellationToken));
            },
            cancellationToken);
        await moves.EnterAsync(input.OperationId, MoveState.Committed, cancellationToken);
        await alerts.ResolveAsync(MoveEnds.StalledAlert, input.TenantId.ToString(), cancellationToken);
        await operations.EnterAsync(input.OperationId, OperationState.Succeeded, null, cancellationToken);
        return true;
    }
}
