using Microsoft.Azure.Functions.Worker;
using WebHost.Configuration;
using WebHost.Operations;
using WebHost.Retention;

namespace WebHost.Migration;

/// <summary>
/// Lets only a few tenants be copied out of one database at a time, those who came first first. From then on both homes keep the
/// tenant's rows whatever their age, since they are compared.
/// </summary>
public sealed class AwaitTurn(
    MoveSteps steps, OperationStore operations, MoveStore moves, RetentionHold hold, Settings settings)
{
    /// <summary>The step. False while others are before it.</summary>
    [Function(nameof(AwaitTurn))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(AwaitTurn),
            async (moving, token) =>
            {
                var before = await moves.TakeTurnAsync(input.OperationId, settings.Migrations.AtOnce, token);
                if (before == 0)
                {
                    await hold.PlaceAsync(moving.SourceDatabase, input.TenantId, token);
                    await hold.PlaceAsync(await steps.DatabaseAsync(moving.Target, token), input.TenantId, token);
                    return StepOutcome.Done("It is this tenant's turn.");
                }

                await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, token);
                return StepOutcome.Waits($"{before} others are before it, and {settings.Migrations.AtOnce} leave at once.");
            },
            cancellationToken);
}
