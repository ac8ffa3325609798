using Microsoft.Azure.Functions.Worker;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;

namespace WebHost.Backups;

/// <summary>Keeps a backup's reading away from the seconds in which a tenant takes no writes.</summary>
public sealed class AwaitSettled(StepRunner steps, OperationStore operations, MoveStore moves)
{
    /// <summary>The step. False while the tenant is being switched over.</summary>
    [Function(nameof(AwaitSettled))]
    public Task<bool> RunAsync([ActivityTrigger] BackupInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input.OperationId,
            nameof(AwaitSettled),
            async () =>
            {
                if (await moves.FindUnderWayAsync(input.TenantId, cancellationToken)
                    is not { State: MoveState.Switching or MoveState.GoingBack } move)
                {
                    return StepOutcome.Done("The tenant stays where it is.");
                }

                await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
                return StepOutcome.Waits($"Migration {move.OperationId} is {WireName.Of(move.State)}.");
            },
            cancellationToken);
}
