using WebHost.Data;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.States;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Migration;

public sealed class MoveStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    private readonly MoveStore _moves = new(fixture.Control);

    public async ValueTask InitializeAsync()
    {
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql("DELETE FROM moves").RunAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Turns_are_taken_by_so_many_at_once_and_by_those_who_came_first()
    {
        var moves = await AddMovesAsync(4);

        Assert.Equal([0, 0, 1, 2], await TakeTurnsAsync(moves));
    }

    [Fact]
    public async Task Turn_is_not_taken_by_one_who_asks_before_those_who_came_earlier()
    {
        var moves = await AddMovesAsync(3);

        Assert.Equal(1, await _moves.TakeTurnAsync(moves[2], 2, default));
        Assert.Equal(0, await _moves.TakeTurnAsync(moves[0], 2, default));
    }

    [Fact]
    public async Task Turn_is_kept_when_fewer_may_move_at_once_and_somebody_earlier_asks_again()
    {
        var moves = await AddMovesAsync(3);
        await TakeTurnsAsync(moves);

        Assert.Equal(0, await _moves.TakeTurnAsync(moves[1], 1, default));
        Assert.Equal(2, await _moves.TakeTurnAsync(moves[2], 1, default));
    }

    [Theory]
    [InlineData(MoveState.Switched)]
    [InlineData(MoveState.Undoing)]
    public async Task Turn_passes_to_the_next_when_its_holder_is_switched_or_gives_up(MoveState state)
    {
        var moves = await AddMovesAsync(4);
        await TakeTurnsAsync(moves);

        if (state == MoveState.Switched)
        {
            await _moves.EnterAsync(moves[0], MoveState.Switching, default);
            Assert.Equal(1, await _moves.TakeTurnAsync(moves[2], 2, default));
        }

        await _moves.EnterAsync(moves[0], state, default);

        Assert.Equal(0, await _moves.TakeTurnAsync(moves[2], 2, default));
        Assert.Equal(1, await _moves.TakeTurnAsync(moves[3], 2, default));
    }

    [Fact]
    public async Task Turns_of_another_database_are_others()
    {
        var here = await AddMovesAsync(2);
        var there = await AddMoveAsync(await fixture.AddDatabaseAsync());

        Assert.Equal(0, await _moves.TakeTurnAsync(here[0], 1, default));
        Assert.Equal(1, await _moves.TakeTurnAsync(here[1], 1, default));
        Assert.Equal(0, await _moves.TakeTurnAsync(there, 1, default));
    }

    [Fact]
    public async Task Of_all_who_ask_at_once_no_more_take_a_turn_than_may()
    {
        var moves = await AddMovesAsync(10);

        await Task.WhenAll(Enumerable.Range(0, 3).SelectMany(_ => moves.Select(move => _moves.TakeTurnAsync(move, 3, default))));

        var before = new List<int>();
        foreach (var move in moves)
        {
            before.Add(await _moves.TakeTurnAsync(move, 3, default));
        }

        Assert.Equal([0, 0, 0, 1, 2, 3, 4, 5, 6, 7], before);
    }

    [Fact]
    public async Task Tenant_is_on_one_move_at_a_time()
    {
        var tenant = await fixture.AddRoutedTenantAsync();
        var first = await AddMoveAsync(tenant, target: 2);

        Assert.Equal(Guid.Empty, await AddMoveAsync(tenant, target: 3));
        Assert.Equal(first, (await _moves.FindUnderWayAsync(tenant.TenantId, default))!.OperationId);
        await _moves.EnterAsync(first, MoveState.Undoing, default);
        await _moves.EnterAsync(first, MoveState.Undone, default);

        Assert.Null(await _moves.FindUnderWayAsync(tenant.TenantId, default));
        Assert.NotEqual(Guid.Empty, await AddMoveAsync(tenant, target: 4));
    }

    [Fact]
    public async Task State_that_cannot_follow_is_refused_and_one_that_is_reached_already_is_not()
    {
        var move = (await AddMovesAsync(1))[0];
        await _moves.EnterAsync(move, MoveState.Undoing, default);

        await _moves.EnterAsync(move, MoveState.Undoing, default);
        await Assert.ThrowsAsync<WrongTransitionException>(() => _moves.EnterAsync(move, MoveState.Switching, default));

        Assert.Equal(MoveState.Undoing, (await _moves.GetAsync(move, default)).State);
    }

    [Theory]
    [InlineData(MoveState.Verified, 2, true)]
    [InlineData(MoveState.GoingBack, 2, true)]
    [InlineData(MoveState.GoingBack, 1, false)]
    public async Task Move_is_committed_while_the_placement_leads_to_the_target(MoveState state, long home, bool isCommitted)
    {
        var move = await AddSwitchedMoveAsync(MoveState.Verified);
        await PlaceAsync(move, home);
        await _moves.EnterAsync(move.OperationId, state, default);

        Assert.Equal(isCommitted, await _moves.TryCommitAsync(move with { State = state }, default));

        Assert.Equal(
            isCommitted ? MoveState.CleaningUp : state, (await _moves.GetAsync(move.OperationId, default)).State);

        // Out of reach of attempts to go back, where there may be any.
        var placement = await new PlacementStore(fixture.Control).GetAsync(move.TenantId, default);
        Assert.Equal(state == MoveState.GoingBack && isCommitted ? 4 : 2, placement.Epoch);
    }

    [Fact]
    public async Task Move_about_which_somebody_has_decided_otherwise_meanwhile_is_not_committed()
    {
        var move = await AddSwitchedMoveAsync(MoveState.Verified);
        await PlaceAsync(move, home: 2);
        await _moves.EnterAsync(move.OperationId, MoveState.GoingBack, default);

        Assert.False(await _moves.TryCommitAsync(move, default));
    }

    [Fact]
    public async Task Of_committing_a_move_and_changing_the_placement_back_the_second_finds_what_the_first_has_done()
    {
        var move = await AddSwitchedMoveAsync(MoveState.Verified, MoveState.GoingBack);
        await PlaceAsync(move, home: 2);
        await using var connection = await fixture.Control.OpenAsync();
        await using var back = await connection.BeginTransactionAsync();
        await PlacementStore.MoveAsync(back, move.TenantId, 2, 3, 1, default);
        Assert.True(await MoveStore.TryEnterAsync(back, move.OperationId, MoveState.GoingBack, default));

        var committing = _moves.TryCommitAsync(move, default);
        await back.CommitAsync();

        Assert.False(await committing);
        Assert.Equal(MoveState.GoingBack, (await _moves.GetAsync(move.OperationId, default)).State);
    }

    [Theory]
    [InlineData(false, OperationState.Died)]
    [InlineData(true, OperationState.Failed)]
    public async Task Operation_that_an_earlier_build_closed_as_failed_has_died_when_its_move_is_in_the_middle(
        bool isOver, OperationState expected)
    {
        var move = await AddMoveAsync(fixture.Database);
        foreach (var state in isOver ? (MoveState[])[MoveState.Undoing, MoveState.Undone] : [])
        {
            await _moves.EnterAsync(move, state, default);
        }

        var operations = new OperationStore(fixture.Control);
        await operations.EnterAsync(move, OperationState.Failed, null, default);

        await fixture.MigrateAgainAsync("0015_dead_operations.sql");

        Assert.Equal(expected, (await operations.FindAsync(move, default))!.State);
    }

    [Fact]
    public async Task Time_until_which_the_source_is_kept_is_said_once()
    {
        var move = (await AddMovesAsync(1))[0];
        var until = new DateTimeOffset(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

        Assert.Equal(until, await _moves.KeepUntilAsync(move, until, default));
        Assert.Equal(until, await _moves.KeepUntilAsync(move, until.AddDays(7), default));
    }

    private async Task<Move> AddSwitchedMoveAsync(params IEnumerable<MoveState> states)
    {
        var move = await AddMoveAsync(fixture.Database);
        foreach (var state in (MoveState[])[MoveState.Switching, MoveState.Switched, .. states])
        {
            await _moves.EnterAsync(move, state, default);
        }

        return await _moves.GetAsync(move, default);
    }

    private Task<bool> PlaceAsync(Move move, long home) => fixture.Control.TransactAsync(
        transaction => PlacementStore.MoveAsync(transaction, move.TenantId, 1, 2, home, default));

    private async Task<List<int>> TakeTurnsAsync(List<Guid> moves)
    {
        var before = new List<int>();
        foreach (var move in moves)
        {
            before.Add(await _moves.TakeTurnAsync(move, 2, default));
        }

        return before;
    }

    private async Task<List<Guid>> AddMovesAsync(int count)
    {
        var moves = new List<Guid>();
        for (var i = 0; i < count; i++)
        {
            moves.Add(await AddMoveAsync(fixture.Database));
        }

        return moves;
    }

    private async Task<Guid> AddMoveAsync(TenantDatabaseAddress database)
    {
        var tenant = await fixture.AddTenantAsync();
        await new PlacementStore(fixture.Control).UseDatabaseAsync(tenant.TenantId, 1, database.Id, default);
        return await AddMoveAsync(tenant, target: 2);
    }

    // An empty id when the tenant is on a move already.
    private async Task<Guid> AddMoveAsync(TenantPlacement tenant, long target)
    {
        var move = new Move
        {
            OperationId = Guid.CreateVersion7(),
            TenantId = tenant.TenantId,
            Kind = MoveKind.Relocate,
            State = MoveState.Copying,
            Epoch = 1,
            SourceHome = 1,
            TargetHome = target,
        };
        return await fixture.Control.TransactAsync(async transaction =>
        {
            await OperationStore.AddAsync(
                transaction,
                new PlannedOperation(move.OperationId, WireName.Of(move.Kind), tenant.TenantId, "Test", new { }, []),
                default);
            await PlacementStore.AddHomeAsync(transaction, tenant with { Home = target }, move.OperationId, default);
            return await MoveStore.AddAsync(transaction, move, default);
        }) ? move.OperationId : Guid.Empty;
    }
}
