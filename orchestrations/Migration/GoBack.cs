using Microsoft.Azure.Functions.Worker;
using WebHost.Data;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Has the source serve the tenant again, with everything that was written at the target, on the plan it had. First of all
/// the target serves, should an attempt have ended where nobody does: the source may be lost, and the way back with it.
/// </summary>
public sealed class GoBack(
    MoveSteps steps,
    OperationStore operations,
    MoveStore moves,
    PlacementStore placements,
    TenantDatabaseStore databases,
    CatchUp catchUp,
    Cutover cutover)
{
    /// <summary>Crosses in the other direction.</summary>
    /// <returns>False when the move was committed meanwhile, and the target serves.</returns>
    [Function(nameof(GoBack))]
    public async Task<bool> RunAsync([ActivityTrigger] MoveFailure failure, CancellationToken cancellationToken)
    {
        var input = failure.Move;
        var serving = await placements.GetAsync(input.TenantId, cancellationToken);
        var state = (await moves.GetAsync(input.OperationId, cancellationToken)).State;
        if (state == MoveState.Superseded)
        {
            throw new SupersededException(MoveEnds.Superseded);
        }

        if (serving.Home != input.Target.Home)
        {
            return true;
        }

        if (state == MoveState.CleaningUp)
        {
            await cutover.KeepAsync(input.TenantId, await steps.DatabaseAsync(serving, cancellationToken), cancellationToken);

            // What the way back failed at concerns nobody any more.
            await operations.EnterAsync(input.OperationId, OperationState.Waiting, null, cancellationToken);
            await operations.BeginStepAsync(input.OperationId, nameof(GoBack), cancellationToken);
            return false;
        }

        await operations.EnterAsync(input.OperationId, OperationState.Undoing, failure.ToError(), cancellationToken);
        var source = await placements.GetHomeAsync(input.TenantId, input.Source.Home, cancellationToken);
        var from = await steps.DatabaseAsync(serving, cancellationToken);
        var to = await databases.GetAsync(source.DatabaseId!.Value, cancellationToken);
        var crossing = new Crossing(input.TenantId, serving.Epoch, serving.Epoch + 1, serving.Home, from, source.Home, to);
        if (await cutover.ServeAsync(crossing, cancellationToken))
        {
            await cutover.ExpectAsync(crossing, cancellationToken);
            await CatchUpTarget.CatchUpAsync(catchUp, from, to, input.TenantId, cancellationToken);
        }

        var figures = await cutover.RunAsync(
            crossing,
            async transaction =>
            {
                if (!await MoveStore.TryEnterAsync(transaction, input.OperationId, MoveState.GoingBack, cancellationToken))
                {
                    throw new StepRefusedException("The tenant is not wanted back any more.");
                }

                await transaction.Sql(
                    "UPDATE tenants SET plan = $2, updated_at = now() WHERE id = $1", input.TenantId, source.Plan)
                    .RunAsync(cancellationToken);
            },
            cancellationToken);
        await operations.AddFiguresAsync(
            input.OperationId,
            new { wayBack = new { pauseMilliseconds = figures.Pause.TotalMilliseconds, figures.Rows } },
            cancellationToken);
        return true;
    }
}
