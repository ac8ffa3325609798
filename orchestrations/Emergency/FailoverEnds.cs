using Microsoft.Azure.Functions.Worker;
using WebHost.Migration;
using WebHost.Monitoring;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Emergency;

/// <summary>What happens beside a failover's steps: whether it is wanted still, and how it is given up.</summary>
public sealed class FailoverEnds(
    OperationStore operations, FailoverStore failovers, ServerStore servers, HomeProof proof, AlertStore alerts)
{
    /// <summary>Kind of the alert for a failover that cannot go on by itself.</summary>
    public const string StalledAlert = "failover-stalled";

    /// <summary>Kind of the alert for a failover that was given up while the tenant's home is lost.</summary>
    public const string FailedAlert = "failover-failed";

    private const string Superseded = "Another failover of the tenant has taken its place.";

    /// <summary>How far the failover is, for an orchestration that goes on with it.</summary>
    [Function(nameof(FindFailoverReached))]
    public async Task<FailoverState> FindFailoverReached(
        [ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        (await failovers.GetAsync(input.OperationId, cancellationToken)).State;

    /// <summary>Whether nobody has cancelled the failover, and no other one has taken its place.</summary>
    [Function(nameof(IsFailoverWanted))]
    public async Task<bool> IsFailoverWanted([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        (await failovers.GetAsync(input.OperationId, cancellationToken)).State
            is not (FailoverState.Undoing or FailoverState.Undone or FailoverState.Superseded);

    /// <summary>Says that a step has failed and that an operator may have it tried again.</summary>
    /// <returns>False when another failover has taken this one's place: nobody needs the step any more.</returns>
    [Function(nameof(NoteFailoverStalled))]
    public async Task<bool> NoteFailoverStalled([ActivityTrigger] FailoverFailure failure, CancellationToken cancellationToken)
    {
        var input = failure.Failover;
        var failover = await failovers.GetAsync(input.OperationId, cancellationToken);
        if (failover.State == FailoverState.Superseded)
        {
            return false;
        }

        if (failure.Step is { } step)
        {
            await operations.EndStepAsync(input.OperationId, step, StepState.Failed, failure.Reason, cancellationToken);
        }

        await operations.EnterAsync(input.OperationId, OperationState.Waiting, failure.ToError(), cancellationToken);
        var served = failover.SwitchedAt is null || failure.Step == nameof(TakeOver)
            ? "The tenant is NOT served yet; what its devices send waits in the queue."
            : "The tenant is served from its new home.";
        var left = failure.LeftBehind.Count == 0 ? "" : $" Not taken back, and costing money: {string.Join(", ", failure.LeftBehind)}.";
        await alerts.RaiseAsync(
            StalledAlert,
            input.TenantId.ToString(),
            $"{failure.Step} failed: {failure.Reason}{left} {served} Mend the cause, then POST /api/operations/{input.OperationId}/retry; or go "
            + $"elsewhere with POST /api/tenants/{input.TenantId}/migrations {{\"kind\":\"emergency\",\"target\":…}}.",
            cancellationToken);
        return true;
    }

    /// <summary>Begins to take a failover back that has changed nothing for the tenant.</summary>
    /// <returns>
    /// False when there is no way back: the new home serves, or another failover has taken this one's place and looks after its
    /// homes, and the operation is closed.
    /// </returns>
    [Function(nameof(BeginFailoverUndoing))]
    public async Task<bool> BeginFailoverUndoing(
        [ActivityTrigger] FailoverFailure failure, CancellationToken cancellationToken)
    {
        var input = failure.Failover;
        if (failure.Step is { } step)
        {
            await operations.EndStepAsync(input.OperationId, step, StepState.Failed, failure.Reason, cancellationToken);
        }

        var state = (await failovers.GetAsync(input.OperationId, cancellationToken)).State;
        if (state == FailoverState.Undone
            || await failovers.TryEnterAsync(input.OperationId, FailoverState.Undoing, cancellationToken))
        {
            await operations.EnterAsync(input.OperationId, OperationState.Undoing, failure.ToError(), cancellationToken);
            return true;
        }

        if ((await failovers.GetAsync(input.OperationId, cancellationToken)).State == FailoverState.Superseded)
        {
            await alerts.ResolveAsync(StalledAlert, input.TenantId.ToString(), cancellationToken);
            await operations.EnterAsync(
                input.OperationId, OperationState.Cancelled, new OperationError(null, Superseded, []), cancellationToken);
        }

        return false;
    }

    /// <summary>Proves that nothing of the new home is left, and closes the operation.</summary>
    [Function(nameof(EndFailoverUndone))]
    public async Task<bool> EndFailoverUndone([ActivityTrigger] FailoverFailure failure, CancellationToken cancellationToken)
    {
        var input = failure.Failover;
        if (!input.Stands)
        {
            if (input.Target.Provider == HostingProvider.Hetzner)
            {
                // It was reserved when the failover was accepted, before any step that would be taken back.
                await servers.ReleaseSlotAsync(input.TenantId, input.Target.Home, cancellationToken);
            }

            await proof.ProveGoneAsync(input.TenantId, input.Target.Home, cancellationToken);
        }

        await failovers.EnterAsync(input.OperationId, FailoverState.Undone, cancellationToken);
        await alerts.ResolveAsync(StalledAlert, input.TenantId.ToString(), cancellationToken);
        if (failure.Step is { } step)
        {
            await alerts.RaiseAsync(
                FailedAlert,
                input.TenantId.ToString(),
                $"{step} failed: {failure.Reason} The tenant is where it was, and everything begun was taken back. What its devices send "
                + $"waits in the queue. POST /api/tenants/{input.TenantId}/migrations {{\"kind\":\"emergency\"}} tries again.",
                cancellationToken);
        }

        await operations.EnterAsync(
            input.OperationId,
            failure.Step is null ? OperationState.Cancelled : OperationState.Failed,
            failure.ToError(),
            cancellationToken);
        return true;
    }
}
