using WebHost.Data;
using WebHost.Emergency;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Emergency;

/// <summary>Tenants in a fixture's control database, who move and are failed over.</summary>
internal sealed class FailoverRows(ControlFixture fixture)
{
    private static readonly HomeCondition Lost = new(HomePresence.Silent, Epoch: null, "No connection (ConnectionRefused).");

    private readonly FailoverStore _failovers = new(fixture.Control);
    private readonly PlacementStore _placements = new(fixture.Control);

    /// <summary>Adds a tenant that is served from a server, or from nowhere in particular.</summary>
    public async Task<Guid> AddTenantAsync(PlanId plan = PlanId.Hobby, int vehicles = 5, Guid? serverId = null)
    {
        var tenant = (await fixture.AddTenantAsync()).TenantId;
        await _placements.UseDatabaseAsync(tenant, 1, fixture.Database.Id, default);
        await _placements.EnterAsync(tenant, 1, PlacementState.Serving, default);
        await ExecuteAsync(
            "UPDATE tenants SET plan = $2, signup = $3 WHERE id = $1", tenant, plan, JsonText.Of(new { vehicles }));
        await ExecuteAsync("UPDATE homes SET server_id = $2 WHERE tenant_id = $1", tenant, serverId);
        return tenant;
    }

    /// <summary>Adds a failover from the home that serves to a new one, or to one that stands.</summary>
    /// <returns>The operation.</returns>
    public async Task<Guid> AddFailoverAsync(
        Guid tenant, long? standing = null, int importance = 1, Guid? partOf = null, IReadOnlyList<PlannedStep>? steps = null)
    {
        var operation = Guid.CreateVersion7();
        var serving = await _placements.GetAsync(tenant, default);
        await using var connection = await fixture.Control.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await transaction.Sql("SELECT FROM placements WHERE tenant_id = $1 FOR UPDATE", tenant).RunAsync();
        var target = standing ?? await PlacementStore.NextHomeAsync(transaction, tenant, default);
        await OperationStore.AddAsync(
            transaction, new PlannedOperation(operation, "emergency", tenant, "Test", new { }, steps ?? []), default);
        if (standing is null)
        {
            await PlacementStore.AddHomeAsync(transaction, serving with { Home = target }, operation, default);
        }

        var replaced = await FailoverStore.SupersedeAsync(transaction, tenant, default);
        await FailoverStore.AddAsync(
            transaction,
            new Failover
            {
                OperationId = operation,
                TenantId = tenant,
                PartOf = partOf,
                State = Failover.StateAfter(replaced),
                Reason = "It burns.",
                Importance = importance,
                SourceHome = serving.Home,
                SourceDatabase = fixture.Database.Id,
                TargetHome = target,
            },
            replaced,
            Lost,
            default);
        await transaction.CommitAsync();
        return operation;
    }

    /// <summary>Adds a migration from the home that serves, and has it go through states.</summary>
    /// <returns>The operation; empty when it was refused.</returns>
    public async Task<Guid> AddMoveAsync(Guid tenant, params IReadOnlyList<MoveState> states)
    {
        var operation = Guid.CreateVersion7();
        var serving = await _placements.GetAsync(tenant, default);
        var target = await _placements.NextHomeAsync(tenant, default);
        var move = new Move
        {
            OperationId = operation,
            TenantId = tenant,
            Kind = MoveKind.Relocate,
            State = MoveState.Copying,
            Epoch = serving.Epoch,
            SourceHome = serving.Home,
            TargetHome = target,
        };
        var isAdded = await fixture.Control.TransactAsync(async transaction =>
        {
            await OperationStore.AddAsync(
                transaction, new PlannedOperation(operation, "relocate", tenant, "Test", new { }, []), default);
            await PlacementStore.AddHomeAsync(transaction, serving with { Home = target }, operation, default);
            return await MoveStore.AddAsync(transaction, move, default);
        });
        foreach (var state in states)
        {
            await new MoveStore(fixture.Control).EnterAsync(operation, state, default);
            if (state == MoveState.Switched)
            {
                await ServeFromAsync(tenant, target);
            }
        }

        return isAdded ? operation : Guid.Empty;
    }

    /// <summary>Has a failover go through states.</summary>
    public async Task EnterAsync(Guid operation, params IReadOnlyList<FailoverState> states)
    {
        foreach (var state in states)
        {
            await _failovers.EnterAsync(operation, state, default);
            if (state == FailoverState.Serving && await _failovers.GetAsync(operation, default) is { } failover)
            {
                await ServeFromAsync(failover.TenantId, failover.TargetHome);
            }
        }
    }

    /// <summary>Adds the failover of a server.</summary>
    public async Task<Guid> AddServerFailoverAsync(Guid serverId)
    {
        var operation = Guid.CreateVersion7();
        await fixture.Control.TransactAsync(async transaction =>
        {
            await OperationStore.AddAsync(
                transaction, new PlannedOperation(operation, "server-failover", null, "Test", new { }, []), default);
            await FailoverStore.AddServerAsync(transaction, operation, serverId, "It burns.", default);
            return true;
        });
        return operation;
    }

    public async Task ExecuteAsync(string sql, params object?[] values)
    {
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql(sql, values).RunAsync();
    }

    private Task<bool> ServeFromAsync(Guid tenant, long home) => fixture.Control.TransactAsync(async transaction =>
        await PlacementStore.MoveAsync(
            transaction,
            tenant,
            (await _placements.GetAsync(tenant, default)).Epoch,
            await PlacementStore.NextHomeAsync(transaction, tenant, default),
            home,
            default));
}
