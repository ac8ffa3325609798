using Microsoft.Azure.Functions.Worker;
using WebHost.Configuration;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>Keeps the source until the move is committed, by an operator or by time.</summary>
public sealed class KeepSource(
    MoveSteps steps, OperationStore operations, MoveStore moves, Settings settings, TimeProvider time)
{
    /// <summary>The step. False while the tenant can be taken back.</summary>
    [Function(nameof(KeepSource))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(KeepSource),
            async (moving, token) =>
            {
                var until = await moves.KeepUntilAsync(
                    input.OperationId, time.GetUtcNow() + settings.Migrations.KeepSource, token);
                if (moving.Move.State == MoveState.CleaningUp
                    || (moving.Move.State == MoveState.Verified && time.GetUtcNow() >= until
                        && await moves.TryCommitAsync(moving.Move, token)))
                {
                    return StepOutcome.Done("The move is committed.");
                }

                await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, token);
                return StepOutcome.Waits(
                    $"The tenant can be taken back until {until:u}: POST /api/operations/{input.OperationId}/commit or /rollback.");
            },
            cancellationToken);
}
