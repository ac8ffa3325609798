using Microsoft.Azure.Functions.Worker;
using WebHost.Data;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>
/// Has the target serve the tenant. The placement is changed first: from then on nobody new is led to the lost home, whatever
/// becomes of it. Then the target takes over; a write that came in between waits in the queue. A lost home that answers after all
/// is fenced, if that is quick; <see cref="RecoverSource"/> does it in any case before it looks at its rows.
/// </summary>
public sealed class TakeOver(
    FailoverSteps steps,
    OperationStore operations,
    ControlDatabase control,
    FailoverStore failovers,
    PlacementStore placements,
    PlacementCache cache,
    TenantDatabaseStore databases,
    ServerStore servers,
    HomeProbe probe,
    Fence fence,
    QuickFence quickly)
{
    /// <summary>The step.</summary>
    [Function(nameof(TakeOver))]
    public Task<bool> RunAsync([ActivityTrigger] FailoverInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(TakeOver),
            async failing =>
            {
                if (failing.Target.ServerId is not null
                    && !await servers.KeepSlotAsync(input.TenantId, input.Target.Home, cancellationToken))
                {
                    throw new StepRefusedException("The slot's reservation has run out and somebody else has it.");
                }

                await PlaceAsync(failing, input.Stands, cancellationToken);
                var placement = await placements.GetAsync(input.TenantId, cancellationToken);
                await fence.TakeOverAsync(failing.TargetDatabase, input.TenantId, placement.Epoch, cancellationToken);
                cache.Forget(input.TenantId);

                var failover = await failovers.GetAsync(input.OperationId, cancellationToken);
                var recovered = failover.SwitchedAt!.Value - failover.CreatedAt;
                await operations.AddFiguresAsync(
                    input.OperationId, new { failover = new { secondsToIngest = recovered.TotalSeconds } }, cancellationToken);
                var old = await TryFenceAsync(failover, cancellationToken);
                await failovers.NoteAsync(input.OperationId, FailoverFacts.LostHome, old, cancellationToken);
                return StepOutcome.Done(
                    $"Points were taken again {recovered.TotalSeconds:0.0} s after the failover was accepted. The lost home: {old.Detail}");
            },
            cancellationToken);

    private async Task PlaceAsync(FailingTenant failing, bool stands, CancellationToken cancellationToken)
    {
        var (operationId, tenantId) = (failing.Failover.OperationId, failing.Failover.TenantId);
        if (failing.Failover.SwitchedAt is not null)
        {
            return;
        }

        await control.TransactAsync(
            async transaction =>
            {
                var (epoch, next) = await transaction.Sql(
                    """
                    SELECT p.epoch, 1 + greatest(
                        p.epoch, $2 - 1, (SELECT max(number) FROM homes h WHERE h.tenant_id = p.tenant_id AND h.number <> $2))
                    FROM placements p WHERE p.tenant_id = $1 FOR UPDATE
                    """,
                    tenantId, failing.Target.Home).FirstAsync(row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken);
                if (!await FailoverStore.TryEnterAsync(transaction, operationId, FailoverState.Serving, cancellationToken))
                {
                    throw new StepRefusedException("The failover is not wanted any more.");
                }

                await PlacementStore.MoveAsync(
                    transaction, tenantId, epoch, next, failing.Target.Home, cancellationToken);
                if (stands)
                {
                    // Back where a migration left: on the plan of that home, as when the migration is rolled back.
                    await transaction.Sql(
                        "UPDATE tenants SET plan = $2, updated_at = now() WHERE id = $1", tenantId, failing.Target.Plan)
                        .RunAsync(cancellationToken);
                }

                return true;
            },
            cancellationToken);
    }

    private async Task<HomeCondition> TryFenceAsync(Failover failover, CancellationToken cancellationToken)
    {
        var source = await placements.GetHomeAsync(failover.TenantId, failover.SourceHome, cancellationToken);
        if (source.DatabaseId is not { } databaseId)
        {
            return new HomeCondition(HomePresence.Gone, Epoch: null, "It has no database any more.");
        }

        var database = await databases.GetAsync(databaseId, cancellationToken);
        var found = await probe.LookAsync(database, failover.TenantId, cancellationToken);
        return await quickly.TryAsync(database, failover.TenantId, found, failover.OperationId, cancellationToken);
    }
}
