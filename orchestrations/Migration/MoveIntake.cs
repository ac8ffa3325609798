using Microsoft.DurableTask.Client;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Json;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Tenants;

namespace WebHost.Migration;

/// <summary>What operators want of moves. What is accepted is written before anything is begun.</summary>
public sealed class MoveIntake(
    ControlDatabase control,
    OperationStarter starter,
    OperationStore operations,
    TenantStore tenants,
    PlacementStore placements,
    MoveStore moves,
    MovePlanner planner,
    FailoverStore failovers,
    Settings settings)
{
    /// <summary>Says what a move would mean, or what stands against it, and changes nothing.</summary>
    /// <exception cref="MoveRefusedException">The tenant cannot move now, wherever to.</exception>
    public async Task<MoveAssessment> AssessAsync(Guid tenantId, MoveRequest request, CancellationToken cancellationToken)
    {
        var tenant = await tenants.FindAsync(tenantId, cancellationToken) ?? throw new TenantUnknownException(tenantId);
        var placement = await placements.GetAsync(tenantId, cancellationToken);
        if (tenant.State != TenantState.Active || placement.State != PlacementState.Serving)
        {
            throw new MoveRefusedException($"Tenant {tenantId} is {WireName.Of(tenant.State)}; only an active one can move.");
        }

        if (await moves.FindUnderWayAsync(tenantId, cancellationToken) is { } other)
        {
            throw MoveRefusedException.Because(other);
        }

        if (await failovers.FindUnderWayAsync(tenantId, cancellationToken) is { } failover)
        {
            throw new MoveRefusedException(
                failover.State == FailoverState.Restored
                    ? $"The tenant's lost home is waited for: POST /api/operations/{failover.OperationId}/commit first."
                    : $"Failover {failover.OperationId} of the tenant is under way ({WireName.Of(failover.State)}).");
        }

        return await planner.AssessAsync(tenant, placement, request, cancellationToken);
    }

    /// <summary>Starts a move that was assessed.</summary>
    /// <returns>The operation.</returns>
    /// <exception cref="MoveRefusedException">The tenant has begun to move, or has moved, meanwhile.</exception>
    public async Task<Guid> StartAsync(
        DurableTaskClient client, Guid tenantId, MovePlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var source = await placements.GetAsync(tenantId, cancellationToken);
        var operationId = Guid.CreateVersion7();
        var target = source with
        {
            Home = await placements.NextHomeAsync(tenantId, cancellationToken),
            Plan = plan.To.Plan,
            Mode = plan.To.Mode,
            Provider = plan.To.Provider,
            Region = plan.To.Region,
        };
        var move = new Move
        {
            OperationId = operationId,
            TenantId = tenantId,
            Kind = plan.Kind,
            State = MoveState.Copying,
            Epoch = source.Epoch,
            SourceHome = source.Home,
            TargetHome = target.Home,
            RetainedSince = plan.RetainedSince,
        };
        var input = new MoveInput(
            operationId,
            tenantId,
            new MovingHome(source.Home, source.Provider, await placements.FindMakerAsync(tenantId, source.Home, cancellationToken) ?? Guid.Empty),
            new MovingHome(target.Home, target.Provider, operationId),
            plan.RetainedSince is not null,
            new StepRetries(settings.StepAttempts, settings.FirstRetryInterval, settings.LongestRetryInterval),
            settings.Migrations.RetryWindow);
        var planned = new PlannedOperation(
            operationId, WireName.Of(plan.Kind), tenantId, nameof(MoveTenant), input, MoveTenant.StepsOf(input));
        await control.TransactAsync(
            async transaction =>
            {
                // Two requests line up here.
                var epoch = await transaction.Sql("SELECT epoch FROM placements WHERE tenant_id = $1 FOR UPDATE", tenantId)
                    .FirstAsync(row => row.GetInt64(0), cancellationToken);
                if (epoch != source.Epoch)
                {
                    throw new MoveRefusedException($"Tenant {tenantId} has moved meanwhile; look again.");
                }

                await OperationStore.AddAsync(transaction, planned, cancellationToken);
                await PlacementStore.AddHomeAsync(transaction, target, operationId, cancellationToken);
                return await MoveStore.AddAsync(transaction, move, cancellationToken)
                    ? true
                    : throw new MoveRefusedException($"Tenant {tenantId} has begun to move, or is failed over, meanwhile.");
            },
            cancellationToken);
        await starter.EnsureStartedAsync(client, operationId, cancellationToken);
        return operationId;
    }

    /// <summary>Gives a move up before it has changed anything for the tenant.</summary>
    /// <returns>False when the operation is no move.</returns>
    /// <exception cref="MoveRefusedException">It is too late.</exception>
    public Task<bool> CancelAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        SteerAsync(client, operationId, MoveState.Undoing, "cancelled", cancellationToken);

    /// <summary>
    /// Ends the time in which the tenant can be taken back, or the attempt to, and has the old home removed.
    /// </summary>
    /// <returns>False when the operation is no move.</returns>
    /// <exception cref="MoveRefusedException">It is too early, or too late.</exception>
    public Task<bool> CommitAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        SteerAsync(client, operationId, MoveState.CleaningUp, "committed", cancellationToken);

    /// <summary>Takes the tenant back, with everything that was written since the switch.</summary>
    /// <returns>False when the operation is no move.</returns>
    /// <exception cref="MoveRefusedException">It is too early, or too late.</exception>
    public Task<bool> RollBackAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        SteerAsync(client, operationId, MoveState.GoingBack, "rolled back", cancellationToken);

    /// <summary>Has a move go on from the step that failed.</summary>
    /// <returns>False when the operation is no move.</returns>
    /// <exception cref="MoveRefusedException">Nothing waits for it.</exception>
    public async Task<bool> RetryAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken)
    {
        if (await moves.FindAsync(operationId, cancellationToken) is not { } move)
        {
            return false;
        }

        var operation = await operations.FindAsync(operationId, cancellationToken);
        if (operation is not { State: OperationState.Waiting, Error: not null })
        {
            throw new MoveRefusedException(
                $"No step of migration {operationId} waits for a retry; it is {WireName.Of(operation!.State)}"
                + $" ({WireName.Of(move.State)}).");
        }

        await WakeAsync(client, operationId, cancellationToken);
        return true;
    }

    /// <summary>Has every move look again that may have missed that somebody decided something, or that it is its turn.</summary>
    public async Task WakeAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        foreach (var operationId in await operations.ListWaitingAsync(nameof(AwaitTurn), settings.Migrations.AtOnce, cancellationToken))
        {
            await WakeAsync(client, operationId, cancellationToken);
        }

        foreach (var operationId in await moves.ListDecidedAsync(cancellationToken))
        {
            await WakeAsync(client, operationId, cancellationToken);
        }
    }

    private async Task<bool> SteerAsync(
        DurableTaskClient client, Guid operationId, MoveState state, string verb, CancellationToken cancellationToken)
    {
        if (await moves.FindAsync(operationId, cancellationToken) is not { } move)
        {
            return false;
        }

        var canEnter = MoveLifecycle.CanBeAskedFor(move.State, state) && (state == MoveState.CleaningUp
            ? await moves.TryCommitAsync(move, cancellationToken)
            : await moves.TryEnterAsync(operationId, state, cancellationToken));
        if (!canEnter)
        {
            throw new MoveRefusedException($"A migration that is {WireName.Of(move.State)} cannot be {verb}.");
        }

        await WakeAsync(client, operationId, cancellationToken);
        return true;
    }

    private static Task WakeAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        client.RaiseEventAsync(OperationStarter.InstanceId(operationId), MoveTenant.Wake, cancellation: cancellationToken);
}

/// <summary>A tenant cannot move, or a move cannot go that way, for the moment.</summary>
public sealed class MoveRefusedException(string message) : Exception(message)
{
    internal static MoveRefusedException Because(Move other) => new(
        other.State == MoveState.Verified
            ? $"The tenant has moved and can still be taken back: POST /api/operations/{other.OperationId}/commit or /rollback first."
            : $"Migration {other.OperationId} of the tenant is under way ({WireName.Of(other.State)}).");
}
