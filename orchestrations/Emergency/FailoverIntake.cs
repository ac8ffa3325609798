using Microsoft.DurableTask.Client;
using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Signup;
using WebHost.Tenants;

namespace WebHost.Emergency;

/// <summary>What operators, and proposals, want of failovers. What is accepted is written before anything is begun.</summary>
public sealed class FailoverIntake(
    ControlDatabase control,
    OperationStarter starter,
    OperationStore operations,
    TenantStore tenants,
    PlacementStore placements,
    TenantDatabaseStore databases,
    FailoverStore failovers,
    FailoverPlanner planner,
    HomeProbe probe,
    Settings settings,
    TimeProvider time)
{
    /// <summary>Kind of the operation.</summary>
    public const string OperationKind = "emergency";

    /// <summary>Accepts a failover and starts it.</summary>
    /// <param name="client">Starts its orchestration.</param>
    /// <param name="tenantId">Whose home is lost.</param>
    /// <param name="request">Why, and where to.</param>
    /// <param name="cancellationToken">Cancels accepting.</param>
    /// <param name="partOf">The failover of a server of which it is a part.</param>
    /// <param name="operationId">Its id, where the caller has one to repeat it with; what has been accepted is then only started.</param>
    /// <returns>The operation.</returns>
    /// <exception cref="TenantUnknownException">There is no such tenant.</exception>
    /// <exception cref="MoveRefusedException">The tenant cannot be failed over now, or not there; the message says what to do.</exception>
    public async Task<Guid> StartAsync(
        DurableTaskClient client,
        Guid tenantId,
        FailoverRequest request,
        CancellationToken cancellationToken,
        Guid? partOf = null,
        Guid? operationId = null)
    {
        var id = operationId ?? Guid.CreateVersion7();
        if (operationId is null || await failovers.FindAsync(id, cancellationToken) is null)
        {
            var plan = await planner.PlanAsync(tenantId, request, cancellationToken);
            var tenant = await tenants.GetAsync(tenantId, cancellationToken);
            var source = await placements.GetAsync(tenantId, cancellationToken);
            if (plan.Provider == HostingProvider.Hetzner && plan.StandingHome is null)
            {
                if (!await TryAcceptAsync(id, partOf, tenant, source, plan, request, cancellationToken))
                {
                    var onFly = await planner.PlanOnFlyAsync(plan, tenantId, request, cancellationToken);
                    await TryAcceptAsync(id, partOf, tenant, source, onFly, request, cancellationToken);
                }
            }
            else
            {
                await TryAcceptAsync(id, partOf, tenant, source, plan, request, cancellationToken);
            }
        }

        await starter.EnsureStartedAsync(client, id, cancellationToken);
        return id;
    }

    /// <summary>Gives a failover up before it has changed anything for the tenant.</summary>
    /// <returns>False when the operation is no failover.</returns>
    /// <exception cref="MoveRefusedException">It is too late, or it has taken the place of another operation.</exception>
    public Task<bool> CancelAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        SteerAsync(client, operationId, FailoverState.Preparing, FailoverState.Undoing, "cancelled", cancellationToken);

    /// <summary>Waits for the lost home no longer, and has what is left of it removed.</summary>
    /// <returns>False when the operation is no failover.</returns>
    /// <exception cref="MoveRefusedException">It is too early, or too late.</exception>
    public Task<bool> CommitAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        SteerAsync(client, operationId, FailoverState.Restored, FailoverState.Closing, "committed", cancellationToken);

    /// <summary>Has a failover go on from the step that failed.</summary>
    /// <returns>False when the operation is no failover.</returns>
    /// <exception cref="MoveRefusedException">Nothing waits for it.</exception>
    public async Task<bool> RetryAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken)
    {
        if (await failovers.FindAsync(operationId, cancellationToken) is not { } failover)
        {
            return false;
        }

        if (await operations.FindAsync(operationId, cancellationToken) is not { FinishedAt: null, Error: not null })
        {
            throw new MoveRefusedException(
                $"No step of failover {operationId} waits for a retry; it is {WireName.Of(failover.State)}.");
        }

        await WakeAsync(client, operationId, cancellationToken);
        return true;
    }

    /// <summary>Has failovers look again: those that may restore now, and those about which somebody has decided.</summary>
    public async Task WakeWaitingAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        foreach (var operationId in await failovers.ListRestoringAsync(
            settings.Failovers.RestoresAtOnce, cancellationToken))
        {
            await WakeAsync(client, operationId, cancellationToken);
        }

        foreach (var operationId in await failovers.ListDecidedAsync(cancellationToken))
        {
            await WakeAsync(client, operationId, cancellationToken);
        }
    }

    /// <summary>
    /// Has failovers look again whose lost home does not keep silent any more, or is waited for no longer.
    /// </summary>
    public async Task WakeAwaitingAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        var awaited = await failovers.ListAwaitedAsync(cancellationToken);
        await Parallel.ForEachAsync(
            awaited.GroupBy(home => home.DatabaseId),
            cancellationToken,
            async (homes, token) =>
            {
                var isSilent = await databases.FindAsync(homes.Key, token) is { } database
                    && (await probe.LookAsync(database, homes.First().TenantId, token)).Presence == HomePresence.Silent;
                var over = time.GetUtcNow() - settings.Failovers.AwaitSource;
                foreach (var home in homes.Where(home => !isSilent || home.Since <= over))
                {
                    await WakeAsync(client, home.OperationId, token);
                }
            });
    }

    private async Task<bool> SteerAsync(
        DurableTaskClient client,
        Guid operationId,
        FailoverState from,
        FailoverState to,
        string verb,
        CancellationToken cancellationToken)
    {
        if (await failovers.FindAsync(operationId, cancellationToken) is not { } failover)
        {
            return false;
        }

        if (failover.State != from || !await failovers.TryEnterAsync(operationId, to, cancellationToken))
        {
            var instead = failover.State == FailoverState.Replacing
                ? " It looks after what the operation has left whose place it took; only yet another failover replaces it."
                : "";
            throw new MoveRefusedException($"A failover that is {WireName.Of(failover.State)} cannot be {verb}.{instead}");
        }

        await WakeAsync(client, operationId, cancellationToken);
        return true;
    }

    // False when every shared server is full.
    private Task<bool> TryAcceptAsync(
        Guid operationId,
        Guid? partOf,
        Tenant tenant,
        TenantPlacement source,
        FailoverPlan plan,
        FailoverRequest request,
        CancellationToken cancellationToken) =>
        control.TransactAsync(
            async transaction =>
            {
                // Whoever moves, backs up or fails over the tenant lines up here.
                var home = await transaction.Sql("SELECT home FROM placements WHERE tenant_id = $1 FOR UPDATE", tenant.Id)
                    .FirstAsync(row => row.GetInt64(0), cancellationToken);
                if (home != source.Home)
                {
                    throw new MoveRefusedException($"Tenant {tenant.Id} has moved meanwhile; look again.");
                }

                if (await FailoverStore.FindUnderWayAsync(transaction, tenant.Id, cancellationToken) is var other
                    && other?.OperationId != plan.Replaces)
                {
                    throw new MoveRefusedException(
                        $"Failover {other?.OperationId ?? plan.Replaces} of the tenant has begun or ended meanwhile; look again.");
                }

                var number = plan.StandingHome ?? await PlacementStore.NextHomeAsync(transaction, tenant.Id, cancellationToken);
                var target = source with
                {
                    Home = number,
                    Plan = plan.HomePlan,
                    Mode = PlanCatalog.Standard.Get(plan.HomePlan).Mode,
                    Provider = plan.Provider,
                    Region = plan.Region,
                };
                if (plan is { StandingHome: null, Provider: HostingProvider.Hetzner }
                    && await ServerStore.TryReserveAsync(
                        transaction, tenant.Id, number, plan.Region, settings.Migrations.SlotReservation, cancellationToken) is null)
                {
                    return false;
                }

                var replaced = await FailoverStore.SupersedeAsync(transaction, tenant.Id, cancellationToken);
                foreach (var operation in replaced.OperationIds)
                {
                    await OperationStarter.CloseReplacedAsync(transaction, operation, cancellationToken);
                }

                var state = Failover.StateAfter(replaced);
                var input = new FailoverInput(
                    operationId,
                    tenant.Id,
                    new MovingHome(number, plan.Provider, operationId),
                    plan.StandingHome is not null,
                    new StepRetries(settings.StepAttempts, settings.FirstRetryInterval, settings.LongestRetryInterval),
                    settings.Migrations.RetryWindow,
                    settings.Failovers.SettleFor,
                    MayGiveUp: state == FailoverState.Preparing);
                await OperationStore.AddAsync(
                    transaction,
                    new PlannedOperation(
                        operationId, OperationKind, tenant.Id, nameof(FailOver), input, FailOver.StepsOf(input)),
                    cancellationToken);
                if (plan.StandingHome is null)
                {
                    await PlacementStore.AddHomeAsync(transaction, target, operationId, cancellationToken);
                }

                await BackupStore.GiveUpAsync(transaction, tenant.Id, cancellationToken);
                await FailoverStore.AddAsync(
                    transaction,
                    new Failover
                    {
                        OperationId = operationId,
                        TenantId = tenant.Id,
                        PartOf = partOf,
                        State = state,
                        Reason = request.Reason,
                        Importance = Failover.ImportanceOf(
                            tenant.Plan, JsonText.Read<SignupRequest>(tenant.Signup).Vehicles),
                        SourceHome = source.Home,
                        SourceDatabase = source.DatabaseId!.Value,
                        TargetHome = number,
                    },
                    replaced,
                    plan.Found,
                    cancellationToken);
                return true;
            },
            cancellationToken);

    private static Task WakeAsync(DurableTaskClient client, Guid operationId, CancellationToken cancellationToken) =>
        client.RaiseEventAsync(OperationStarter.InstanceId(operationId), FailOver.Wake, cancellation: cancellationToken);
}
