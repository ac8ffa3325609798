using Microsoft.Azure.Functions.Worker;
using WebHost.Data;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>Has the target serve the tenant, on the new plan.</summary>
public sealed class SwitchOver(
    MoveSteps steps, OperationStore operations, MoveStore moves, ServerStore servers, CatchUp catchUp, Cutover cutover)
{
    /// <summary>The step.</summary>
    [Function(nameof(SwitchOver))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(SwitchOver),
            async (moving, token) =>
            {
                var target = await steps.DatabaseAsync(moving.Target, token);
                if (moving.Move.State == MoveState.Copying)
                {
                    if (moving.Target.ServerId is not null
                        && !await servers.KeepSlotAsync(input.TenantId, input.Target.Home, token))
                    {
                        throw new StepRefusedException("The slot's reservation has run out and somebody else has it.");
                    }

                    await CatchUpTarget.CatchUpAsync(catchUp, moving.SourceDatabase, target, input.TenantId, token);
                    await moves.EnterAsync(input.OperationId, MoveState.Switching, token);
                }

                CutoverFigures figures;
                try
                {
                    figures = await CrossAsync(input, moving, target, token);
                }
                catch (CutoverReturnedException)
                {
                    if ((await moves.GetAsync(input.OperationId, token)).State != MoveState.Undoing)
                    {
                        throw;
                    }

                    return StepOutcome.Waits("It was cancelled at the last moment; the old home serves again.");
                }

                await operations.AddFiguresAsync(
                    input.OperationId,
                    new { cutover = new { pauseMilliseconds = figures.Pause.TotalMilliseconds, figures.Rows } },
                    token);
                return StepOutcome.Done(
                    $"Writes paused for {figures.Pause.TotalMilliseconds:N0} ms, in which {figures.Rows:N0} rows were copied.");
            },
            cancellationToken);

    private Task<CutoverFigures> CrossAsync(
        MoveInput input, MovingTenant moving, TenantDatabaseAddress target, CancellationToken token) =>
        cutover.RunAsync(
            new Crossing(
                input.TenantId,
                moving.Move.Epoch,
                input.Target.Home,
                input.Source.Home,
                moving.SourceDatabase,
                input.Target.Home,
                target),
            async transaction =>
            {
                if (!await MoveStore.TryEnterAsync(transaction, input.OperationId, MoveState.Switched, token))
                {
                    throw new StepRefusedException("The move is not wanted any more.");
                }

                await transaction.Sql(
                    "UPDATE tenants SET plan = $2, updated_at = now() WHERE id = $1", input.TenantId, moving.Target.Plan)
                    .RunAsync(token);
            },
            token);
}
