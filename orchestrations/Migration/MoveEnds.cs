using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>What happens beside a move's steps: whether it is wanted still, and how it is given up or ended.</summary>
public sealed class MoveEnds(
    OperationStore operations,
    MoveStore moves,
    PlacementStore placements,
    TenantDatabaseStore databases,
    Cutover cutover,
    HomeProof proof,
    TenantExport export,
    HomeRetention retention,
    AlertStore alerts)
{
    /// <summary>Kind of the alert for a move that cannot go on by itself.</summary>
    public const string StalledAlert = "migration-stalled";

    /// <summary>Kind of the alert for a move that was given up.</summary>
    public const string FailedAlert = "migration-failed";

    internal const string Superseded = "A home of the tenant was lost; a failover has taken the migration's place.";

    /// <summary>How far the move is, for an orchestration that goes on with it.</summary>
    [Function(nameof(FindReached))]
    public async Task<MoveState> FindReached([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        (await moves.GetAsync(input.OperationId, cancellationToken)).State;

    /// <summary>Whether nobody has cancelled the move or wanted the tenant back.</summary>
    [Function(nameof(IsWanted))]
    public async Task<bool> IsWanted([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        (await moves.GetAsync(input.OperationId, cancellationToken)).State
            is not (MoveState.Undoing or MoveState.GoingBack or MoveState.Undone or MoveState.Superseded);

    /// <summary>Says that a step has failed and that an operator may have it tried again, or give the move up.</summary>
    [Function(nameof(NoteStalled))]
    public async Task<bool> NoteStalled([ActivityTrigger] MoveFailure failure, CancellationToken cancellationToken)
    {
        var input = failure.Move;
        if (failure.Step is { } step)
        {
            await operations.EndStepAsync(input.OperationId, step, StepState.Failed, failure.Reason, cancellationToken);
        }

        await operations.EnterAsync(input.OperationId, OperationState.Waiting, failure.ToError(), cancellationToken);
        var left = failure.LeftBehind.Count == 0 ? "" : $" Not taken back, and costing money: {string.Join(", ", failure.LeftBehind)}.";
        var otherwise = failure.Step == nameof(GoBack)
            ? "keep the tenant where it is, if the old home is gone for good, with /commit"
            : "give the move up with /cancel";
        await alerts.RaiseAsync(
            StalledAlert,
            input.TenantId.ToString(),
            $"{failure.Step} failed: {failure.Reason}{left} The tenant is served. Mend the cause, then POST "
            + $"/api/operations/{input.OperationId}/retry; or {otherwise}.",
            cancellationToken);
        return true;
    }

    /// <summary>
    /// Begins to take a move back, once the source serves, out of reach of attempts to switch that were thought dead.
    /// </summary>
    /// <returns>False when the target serves, from which the tenant has to be brought back first.</returns>
    /// <exception cref="SupersededException">A failover has taken the move's place.</exception>
    [Function(nameof(BeginUndoing))]
    public async Task<bool> BeginUndoing([ActivityTrigger] MoveFailure failure, CancellationToken cancellationToken)
    {
        var input = failure.Move;
        var state = (await moves.GetAsync(input.OperationId, cancellationToken)).State;
        if (state == MoveState.Superseded)
        {
            throw new SupersededException(Superseded);
        }

        var placement = await placements.GetAsync(input.TenantId, cancellationToken);
        if (placement.Home == input.Target.Home)
        {
            // Committed by somebody who was quicker: going back learns that, and does not.
            if (state != MoveState.CleaningUp)
            {
                await moves.EnterAsync(input.OperationId, MoveState.GoingBack, cancellationToken);
            }

            return false;
        }

        if (failure.Step is { } step)
        {
            await operations.EndStepAsync(input.OperationId, step, StepState.Failed, failure.Reason, cancellationToken);
        }

        await operations.EnterAsync(input.OperationId, OperationState.Undoing, failure.ToError(), cancellationToken);
        var move = await moves.GetAsync(input.OperationId, cancellationToken);
        if (move is { SwitchingAt: not null, SwitchedAt: null } && placement.Home == input.Source.Home)
        {
            var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
            await cutover.StayAsync(
                input.TenantId, move.Epoch, input.Target.Home, input.Source.Home, database, cancellationToken);
        }

        if (state != MoveState.Undone)
        {
            await moves.EnterAsync(input.OperationId, MoveState.Undoing, cancellationToken);
        }

        return true;
    }

    /// <summary>Proves that nothing of the target is left, and closes the operation.</summary>
    [Function(nameof(EndUndone))]
    public async Task<bool> EndUndone([ActivityTrigger] MoveFailure failure, CancellationToken cancellationToken)
    {
        var input = failure.Move;
        var move = await moves.GetAsync(input.OperationId, cancellationToken);
        await proof.ProveGoneAsync(input.TenantId, input.Target.Home, cancellationToken);
        await export.DeleteAsync(move.ExportName, cancellationToken);
        await export.DeleteAsync(move.ArchiveName, cancellationToken);
        await retention.ResumeAsync(input.TenantId, cancellationToken);
        await moves.EnterAsync(input.OperationId, MoveState.Undone, cancellationToken);
        await alerts.ResolveAsync(StalledAlert, input.TenantId.ToString(), cancellationToken);
        if (failure.Step is { } step)
        {
            await alerts.RaiseAsync(
                FailedAlert,
                input.TenantId.ToString(),
                $"{step} failed: {failure.Reason} The tenant is where it was and everything begun was taken back. Mend the cause, then "
                + $"POST /api/tenants/{input.TenantId}/migrations again.",
                cancellationToken);
        }

        var ended = failure.Step is not null ? OperationState.Failed
            : move.SwitchedAt is null ? OperationState.Cancelled
            : OperationState.RolledBack;
        await operations.EnterAsync(input.OperationId, ended, failure.ToError(), cancellationToken);
        return true;
    }

    /// <summary>Begins to remove the source, once the target serves for good.</summary>
    [Function(nameof(BeginRemoving))]
    public async Task<bool> BeginRemoving([ActivityTrigger] MoveInput input, CancellationToken cancellationToken)
    {
        if ((await moves.GetAsync(input.OperationId, cancellationToken)).State != MoveState.Committed)
        {
            await moves.EnterAsync(input.OperationId, MoveState.CleaningUp, cancellationToken);
        }

        var placement = await placements.GetAsync(input.TenantId, cancellationToken);
        var database = await databases.GetAsync(placement.DatabaseId!.Value, cancellationToken);
        await cutover.KeepAsync(input.TenantId, database, cancellationToken);
        await operations.BeginStepAsync(input.OperationId, nameof(RemoveSource), cancellationToken);
        await alerts.ResolveAsync(FailedAlert, input.TenantId.ToString(), cancellationToken);
        return true;
    }

    /// <summary>Closes the operation of a move whose place a failover has taken.</summary>
    [Function(nameof(EndSuperseded))]
    public async Task<bool> EndSuperseded([ActivityTrigger] MoveInput input, CancellationToken cancellationToken)
    {
        await alerts.ResolveAsync(StalledAlert, input.TenantId.ToString(), cancellationToken);
        await operations.EnterAsync(
            input.OperationId, OperationState.Cancelled, new OperationError(null, Superseded, []), cancellationToken);
        return true;
    }
}
