using Microsoft.Azure.Functions.Worker;
using WebHost.Configuration;
using WebHost.Operations;

namespace WebHost.Migration;

/// <summary>Lets only a few tenants be copied out of one database at a time, those who came first first.</summary>
public sealed class AwaitTurn(MoveSteps steps, OperationStore operations, MoveStore moves, Settings settings)
{
    /// <summary>The step. False while others are before it.</summary>
    [Function(nameof(AwaitTurn))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(AwaitTurn),
            async (_, token) =>
            {
                var before = await moves.TakeTurnAsync(input.OperationId, settings.Migrations.AtOnce, token);
                if (before == 0)
                {
                    return StepOutcome.Done("It is this tenant's turn.");
                }

                await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, token);
                return StepOutcome.Waits($"{before} others are before it, and {settings.Migrations.AtOnce} leave at once.");
            },
            cancellationToken);
}
