using WebHost.Backups;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.States;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Emergency;

public sealed class FailoverStoreTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    private readonly FailoverStore _failovers = new(fixture.Control);
    private readonly MoveStore _moves = new(fixture.Control);
    private readonly OperationStore _operations = new(fixture.Control);
    private readonly BackupStore _backups = new(fixture.Control, TimeProvider.System);
    private readonly FailoverRows _rows = new(fixture);

    // Turns are everybody's.
    public async ValueTask InitializeAsync() => await _rows.ExecuteAsync("DELETE FROM homes_left; DELETE FROM failovers");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Failover_is_found_as_it_was_added()
    {
        var tenant = await _rows.AddTenantAsync();

        var operation = await _rows.AddFailoverAsync(tenant, importance: 7);

        var added = await _failovers.GetAsync(operation, default);
        Assert.Equal(added.OperationId, (await _failovers.FindUnderWayAsync(tenant, default))?.OperationId);
        Assert.Equal((tenant, null, FailoverState.Preparing, "It burns.", 7), (added.TenantId, added.PartOf, added.State, added.Reason, added.Importance));
        Assert.Equal((1L, 2L), (added.SourceHome, added.TargetHome));
        Assert.Equal((null, null, null), (added.SwitchedAt, added.RestoredAt, added.EndedAt));
        Assert.Equal("silent", added.Facts.GetProperty(FailoverFacts.Found).GetProperty("presence").GetString());
    }

    [Fact]
    public async Task Tenant_is_on_one_failover_at_a_time_and_the_last_one_asked_for_is_it()
    {
        var tenant = await _rows.AddTenantAsync();
        var first = await _rows.AddFailoverAsync(tenant);

        var second = await _rows.AddFailoverAsync(tenant);

        Assert.Equal(second, (await _failovers.FindUnderWayAsync(tenant, default))!.OperationId);
        var replaced = await _failovers.GetAsync(first, default);
        Assert.Equal(FailoverState.Superseded, replaced.State);
        Assert.NotNull(replaced.EndedAt);
    }

    [Fact]
    public async Task Of_all_who_ask_at_once_one_is_under_way_and_all_others_have_made_way()
    {
        var tenant = await _rows.AddTenantAsync();

        var asked = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _rows.AddFailoverAsync(tenant)));

        var states = new List<FailoverState>();
        foreach (var operation in asked)
        {
            states.Add((await _failovers.GetAsync(operation, default)).State);
        }

        Assert.Equal(
            [FailoverState.Replacing, .. Enumerable.Repeat(FailoverState.Superseded, 5)], states.Order());
    }

    [Fact]
    public async Task Failover_that_is_being_taken_back_is_replaced_with_what_is_left_of_its_target()
    {
        var tenant = await _rows.AddTenantAsync();
        var first = await _rows.AddFailoverAsync(tenant);
        await _rows.EnterAsync(first, FailoverState.Undoing);

        var second = await _rows.AddFailoverAsync(tenant);

        Assert.Equal(FailoverState.Superseded, (await _failovers.GetAsync(first, default)).State);
        Assert.Equal(second, (await _failovers.FindUnderWayAsync(tenant, default))?.OperationId);
        Assert.Equal(
            [(2L, false, HomeOutcome.NeverServed), (1L, true, HomeOutcome.Awaited)], await HomesOfAsync(second));
    }

    [Fact]
    public async Task Failover_that_has_replaced_another_or_a_migration_has_no_way_back()
    {
        var (failing, moving) = (await _rows.AddTenantAsync(), await _rows.AddTenantAsync());
        await _rows.AddFailoverAsync(failing);
        await _rows.AddMoveAsync(moving, MoveState.Switching);

        foreach (var replacing in (Guid[])[await _rows.AddFailoverAsync(failing), await _rows.AddFailoverAsync(moving)])
        {
            Assert.Equal(FailoverState.Replacing, (await _failovers.GetAsync(replacing, default)).State);
            Assert.False(await _failovers.TryEnterAsync(replacing, FailoverState.Undoing, default));
            Assert.True(await _failovers.TryEnterAsync(replacing, FailoverState.Serving, default));
        }
    }

    [Theory]
    [InlineData(FailoverState.Serving)]
    [InlineData(FailoverState.Serving, FailoverState.Restored)]
    [InlineData(FailoverState.Serving, FailoverState.Restored, FailoverState.Closing)]
    public async Task Failover_that_has_switched_is_replaced_and_its_target_is_left_as_a_home_that_served(
        params FailoverState[] states)
    {
        var tenant = await _rows.AddTenantAsync();
        var first = await _rows.AddFailoverAsync(tenant);
        await _rows.EnterAsync(first, states);

        var second = await _rows.AddFailoverAsync(tenant);

        Assert.Equal(FailoverState.Superseded, (await _failovers.GetAsync(first, default)).State);
        Assert.Equal(
            [(2L, true, HomeOutcome.Awaited), (1L, true, HomeOutcome.Awaited)], await HomesOfAsync(second));
        Assert.Empty(await HomesOfAsync(first));
    }

    [Fact]
    public async Task Target_of_a_replaced_failover_that_never_switched_has_nothing_to_fetch()
    {
        var tenant = await _rows.AddTenantAsync();
        await _rows.AddFailoverAsync(tenant);

        var second = await _rows.AddFailoverAsync(tenant);

        Assert.Equal(
            [(2L, false, HomeOutcome.NeverServed), (1L, true, HomeOutcome.Awaited)], await HomesOfAsync(second));
    }

    [Fact]
    public async Task What_is_known_of_a_home_stays_known_when_another_failover_looks_after_it_and_what_is_removed_stays_where_it_was()
    {
        var tenant = await _rows.AddTenantAsync();
        var first = await _rows.AddFailoverAsync(tenant);
        await _rows.EnterAsync(first, FailoverState.Serving);
        await _failovers.DecideAsync(tenant, 1, HomeOutcome.Reconciled, new { added = 3 }, default);
        var second = await _rows.AddFailoverAsync(tenant);
        await _rows.EnterAsync(second, FailoverState.Serving);
        await _failovers.NoteRemovedAsync(tenant, 2, default);

        var third = await _rows.AddFailoverAsync(tenant);

        Assert.Equal(
            [(4L, true, HomeOutcome.Awaited), (1L, true, HomeOutcome.Reconciled)], await HomesOfAsync(third));
        var reconciled = (await _failovers.ListHomesLeftAsync(third, default))[^1];
        Assert.Equal(3, reconciled.Report!.Value.GetProperty("added").GetInt32());
        Assert.NotNull(reconciled.OutcomeAt);
        Assert.Equal([2L], (await _failovers.ListHomesAsync(second, default)).Select(home => home.Home));
        Assert.Empty(await _failovers.ListHomesLeftAsync(second, default));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(false, MoveState.Switching)]
    [InlineData(true, MoveState.Switching, MoveState.Switched)]
    [InlineData(true, MoveState.Switching, MoveState.Switched, MoveState.Verified)]
    [InlineData(true, MoveState.Switching, MoveState.Switched, MoveState.GoingBack)]
    public async Task Migration_is_replaced_with_both_of_its_homes(bool switched, params MoveState[] states)
    {
        var tenant = await _rows.AddTenantAsync();
        var move = await _rows.AddMoveAsync(tenant, states);

        var failover = await _rows.AddFailoverAsync(tenant);

        Assert.Equal(MoveState.Superseded, (await _moves.GetAsync(move, default)).State);
        Assert.Null(await _moves.FindUnderWayAsync(tenant, default));
        Assert.Equal(
            [(2L, switched, switched ? HomeOutcome.Awaited : HomeOutcome.NeverServed), (1L, true, HomeOutcome.Awaited)],
            await HomesOfAsync(failover));
    }

    [Theory]
    [InlineData(MoveState.Undoing)]
    [InlineData(MoveState.Switching, MoveState.Switched, MoveState.Verified, MoveState.CleaningUp)]
    public async Task Migration_of_which_only_the_home_that_does_not_serve_is_being_removed_goes_on(params MoveState[] states)
    {
        var tenant = await _rows.AddTenantAsync();
        var move = await _rows.AddMoveAsync(tenant, states);
        var serving = (await new PlacementStore(fixture.Control).GetAsync(tenant, default)).Home;

        var failover = await _rows.AddFailoverAsync(tenant);

        Assert.Equal(states[^1], (await _moves.GetAsync(move, default)).State);
        Assert.Equal([(serving, true, HomeOutcome.Awaited)], await HomesOfAsync(failover));
        Assert.Empty(await _failovers.ListLingeringAsync(tenant, default));
    }

    [Fact]
    public async Task Home_that_stands_and_becomes_the_target_is_not_left_behind()
    {
        var tenant = await _rows.AddTenantAsync();
        await _rows.AddMoveAsync(tenant, MoveState.Switching, MoveState.Switched, MoveState.Verified);

        var failover = await _rows.AddFailoverAsync(tenant, standing: 1);

        Assert.Equal([(2L, true, HomeOutcome.Awaited)], await HomesOfAsync(failover));
    }

    [Fact]
    public async Task Operation_whose_place_was_taken_lingers_until_it_is_over()
    {
        var tenant = await _rows.AddTenantAsync();
        var move = await _rows.AddMoveAsync(tenant);
        var first = await _rows.AddFailoverAsync(tenant);
        await _rows.AddFailoverAsync(tenant);

        Assert.Equal([move, first], (await _failovers.ListLingeringAsync(tenant, default)).Order());

        await _operations.EnterAsync(move, OperationState.Cancelled, null, default);
        Assert.Equal([first], await _failovers.ListLingeringAsync(tenant, default));
        Assert.Empty(await _failovers.ListLingeringAsync(await _rows.AddTenantAsync(), default));
    }

    [Fact]
    public async Task Tenant_does_not_begin_to_move_while_it_is_failed_over()
    {
        var tenant = await _rows.AddTenantAsync();
        var failover = await _rows.AddFailoverAsync(tenant);
        await _rows.EnterAsync(failover, FailoverState.Serving, FailoverState.Restored);

        Assert.Equal(Guid.Empty, await _rows.AddMoveAsync(tenant));

        await _rows.EnterAsync(failover, FailoverState.Closing, FailoverState.Done);
        Assert.NotEqual(Guid.Empty, await _rows.AddMoveAsync(tenant));
    }

    [Fact]
    public async Task Times_are_those_of_the_first_entry_and_a_state_that_cannot_follow_is_refused()
    {
        var failover = await _rows.AddFailoverAsync(await _rows.AddTenantAsync());
        await _failovers.EnterAsync(failover, FailoverState.Serving, default);
        var switched = (await _failovers.GetAsync(failover, default)).SwitchedAt;

        await _failovers.EnterAsync(failover, FailoverState.Serving, default);
        Assert.False(await _failovers.TryEnterAsync(failover, FailoverState.Undoing, default));
        await Assert.ThrowsAsync<WrongTransitionException>(
            () => _failovers.EnterAsync(failover, FailoverState.Closing, default));
        await _failovers.EnterAsync(failover, FailoverState.Restored, default);

        var restored = await _failovers.GetAsync(failover, default);
        Assert.NotNull(switched);
        Assert.Equal(switched, restored.SwitchedAt);
        Assert.InRange(restored.RestoredAt!.Value, switched.Value, DateTimeOffset.MaxValue);
        Assert.Null(restored.EndedAt);
    }

    [Fact]
    public async Task Turns_are_taken_by_so_many_at_once_by_importance_and_of_the_same_by_age()
    {
        var served = await AddServingAsync(1, 5, 5, 9);

        Assert.Equal([2, 0, 1, 0], await TakeTurnsAsync(served, atOnce: 2));
    }

    [Fact]
    public async Task Turn_is_kept_when_somebody_more_important_comes_and_fewer_may_restore_at_once()
    {
        var served = await AddServingAsync(1, 1);
        await TakeTurnsAsync(served, atOnce: 2);
        var important = await AddServingAsync(9);

        Assert.Equal([0, 0], await TakeTurnsAsync(served, atOnce: 1));
        Assert.Equal(2, await _failovers.TakeTurnAsync(important[0], 1, default));
        Assert.Equal(1, await _failovers.TakeTurnAsync(important[0], 2, default));
    }

    [Fact]
    public async Task Turn_passes_on_when_its_holder_has_restored_and_is_not_waited_for_by_one_who_is_not_served()
    {
        var served = await AddServingAsync(5, 4);
        var preparing = await _rows.AddFailoverAsync(await _rows.AddTenantAsync(), importance: 9);
        Assert.Equal([0, 1], await TakeTurnsAsync(served, atOnce: 1));

        await _failovers.EnterAsync(served[0], FailoverState.Restored, default);

        Assert.Equal(0, await _failovers.TakeTurnAsync(served[1], 1, default));
        Assert.Equal(FailoverState.Preparing, (await _failovers.GetAsync(preparing, default)).State);
    }

    [Fact]
    public async Task Of_all_who_ask_at_once_no_more_take_a_turn_than_may()
    {
        var served = await AddServingAsync(10, 9, 8, 7, 6, 5, 4, 3);

        await Task.WhenAll(
            Enumerable.Range(0, 3).SelectMany(_ => served.AsEnumerable().Reverse().Select(one => _failovers.TakeTurnAsync(one, 3, default))));

        Assert.Equal([0, 0, 0, 1, 2, 3, 4, 5], await TakeTurnsAsync(served, atOnce: 3));
    }

    [Fact]
    public async Task Tenants_of_a_server_are_listed_by_what_they_pay_then_by_their_fleet_then_by_age()
    {
        var server = (await fixture.AddServerAsync(10)).Id;
        var elder = await _rows.AddTenantAsync(PlanId.Hobby, 5, server);
        var younger = await _rows.AddTenantAsync(PlanId.Hobby, 5, server);
        var larger = await _rows.AddTenantAsync(PlanId.Hobby, 20, server);
        var dearer = await _rows.AddTenantAsync(PlanId.Starter, 1, server);
        var elsewhere = await _rows.AddTenantAsync(PlanId.Business, 1_000, (await fixture.AddServerAsync(10)).Id);

        var listed = await _failovers.ListTenantsOnAsync(server, partOf: null, default);

        Assert.Equal([dearer, larger, elder, younger], listed);
        Assert.DoesNotContain(elsewhere, listed);
    }

    [Fact]
    public async Task Tenants_who_are_failed_over_with_their_server_or_are_served_elsewhere_are_not_listed()
    {
        var server = (await fixture.AddServerAsync(10)).Id;
        var whole = await _rows.AddServerFailoverAsync(server);
        var (part, alone, moved, left) = (
            await _rows.AddTenantAsync(serverId: server), await _rows.AddTenantAsync(serverId: server),
            await _rows.AddTenantAsync(serverId: server), await _rows.AddTenantAsync(serverId: server));
        await _rows.AddFailoverAsync(part, partOf: whole);
        await _rows.AddFailoverAsync(alone);
        await _rows.EnterAsync(await _rows.AddFailoverAsync(moved), FailoverState.Serving);

        Assert.Equal([alone, left], await _failovers.ListTenantsOnAsync(server, whole, default));
        Assert.Equal([part, alone, left], await _failovers.ListTenantsOnAsync(server, partOf: null, default));
    }

    [Fact]
    public async Task Server_is_failed_over_until_that_operation_is_over()
    {
        var server = (await fixture.AddServerAsync(10)).Id;
        var whole = await _rows.AddServerFailoverAsync(server);

        Assert.Equal(whole, await OfServerAsync(server));
        Assert.Null(await OfServerAsync((await fixture.AddServerAsync(10)).Id));
        await _operations.EnterAsync(whole, OperationState.Failed, null, default);

        Assert.Null(await OfServerAsync(server));
    }

    [Fact]
    public async Task Progress_counts_every_part_once_and_measures_from_the_acceptance()
    {
        var whole = await _rows.AddServerFailoverAsync((await fixture.AddServerAsync(10)).Id);
        var parts = new List<Guid>();
        for (var i = 0; i < 6; i++)
        {
            parts.Add(await _rows.AddFailoverAsync(await _rows.AddTenantAsync(), partOf: whole, importance: i));
        }

        await _rows.EnterAsync(parts[1], FailoverState.Serving);
        await _rows.EnterAsync(parts[2], FailoverState.Serving, FailoverState.Restored);
        await _rows.EnterAsync(parts[3], FailoverState.Serving, FailoverState.Restored, FailoverState.Closing, FailoverState.Done);
        await _rows.EnterAsync(parts[4], FailoverState.Undoing, FailoverState.Undone);
        await _rows.EnterAsync(parts[5], FailoverState.Serving);
        await _rows.AddFailoverAsync((await _failovers.GetAsync(parts[5], default)).TenantId);
        await _operations.EnterAsync(parts[0], OperationState.Running, null, default);
        await _operations.EnterAsync(parts[0], OperationState.Waiting, new OperationError("TakeOver", "It broke.", []), default);
        await _operations.EnterAsync(parts[1], OperationState.Running, null, default);
        await _operations.EnterAsync(parts[1], OperationState.Waiting, null, default);
        await _rows.ExecuteAsync(
            """
            UPDATE failovers f SET switched_at = s.created_at + interval '20 s', restored_at = CASE WHEN restored_at IS NOT NULL
                THEN s.created_at + importance * interval '1 min' END
            FROM server_failovers s WHERE s.operation_id = f.part_of AND f.switched_at IS NOT NULL
            """);

        Assert.Equal(
            new ServerFailoverProgress(0, 1, 1, 2, 2, 1, 20, 180), await _failovers.ReadProgressAsync(whole, default));
    }

    [Fact]
    public async Task Progress_of_a_server_with_whose_tenants_nobody_has_begun_is_nothing_yet()
    {
        var whole = await _rows.AddServerFailoverAsync((await fixture.AddServerAsync(10)).Id);

        Assert.Equal(
            new ServerFailoverProgress(0, 0, 0, 0, 0, 0, null, null), await _failovers.ReadProgressAsync(whole, default));
    }

    [Fact]
    public async Task Decided_failovers_that_wait_are_found_and_those_that_nobody_has_decided_about_or_that_have_failed_are_not()
    {
        var served = await AddServingAsync(1, 9, 5, 7);
        foreach (var (operation, error) in served.Zip([null, null, null, new OperationError("RemoveOldHomes", "It broke.", [])]))
        {
            await _rows.EnterAsync(operation, FailoverState.Restored);
            await _operations.EnterAsync(operation, OperationState.Running, null, default);
            await _operations.EnterAsync(operation, OperationState.Waiting, error, default);
        }

        await _rows.EnterAsync(served[1], FailoverState.Closing);
        await _rows.EnterAsync(served[3], FailoverState.Closing);
        await _rows.AddFailoverAsync((await _failovers.GetAsync(served[2], default)).TenantId);

        Assert.Equal([served[1], served[2]], (await _failovers.ListDecidedAsync(default)).Intersect(served).Order());
    }

    [Fact]
    public async Task Those_that_wait_for_their_turn_are_found_also_when_something_beside_it_has_failed()
    {
        var served = await AddServingAsync(1, 9, 5);
        foreach (var (operation, state) in served.Zip([StepState.Waiting, StepState.Running, StepState.Waiting]))
        {
            await using var connection = await fixture.Control.OpenAsync(default);
            await connection.Sql(
                """
                INSERT INTO operation_steps (operation_id, number, name, title, part_of, state)
                VALUES ($1, 91, 'RestoreHistory', '', 'Restore', $2)
                """,
                operation, state).RunAsync();
            await _operations.EnterAsync(operation, OperationState.Running, null, default);
            await _operations.EnterAsync(
                operation, OperationState.Waiting, new OperationError("PointHostname", "It broke.", []), default);
        }

        Assert.Equal([served[2], served[0]], await _failovers.ListRestoringAsync(10, default));
    }

    [Fact]
    public async Task Awaited_are_the_homes_that_may_come_back_of_failovers_that_have_restored()
    {
        var tenant = await _rows.AddTenantAsync();
        var failover = await _rows.AddFailoverAsync(tenant);
        await _rows.EnterAsync(failover, FailoverState.Serving);
        Assert.Empty(await _failovers.ListAwaitedAsync(default));

        await _rows.EnterAsync(failover, FailoverState.Restored);
        var since = (await _failovers.GetAsync(failover, default)).RestoredAt!.Value;
        Assert.Equal([(failover, tenant, fixture.Database.Id, since)], await _failovers.ListAwaitedAsync(default));

        await _failovers.DecideAsync(tenant, 1, HomeOutcome.GivenUp, null, default);
        Assert.Empty(await _failovers.ListAwaitedAsync(default));
    }

    [Fact]
    public async Task Awaited_home_that_could_not_be_compared_is_left_to_the_next_retry()
    {
        var failover = await _rows.AddFailoverAsync(await _rows.AddTenantAsync());
        await _rows.EnterAsync(failover, FailoverState.Serving, FailoverState.Restored);
        await _operations.BeginStepAsync(failover, nameof(failover), default);
        await _operations.EnterAsync(
            failover, OperationState.Waiting, new OperationError("RecoverSource", "It broke.", []), default);

        Assert.Empty(await _failovers.ListAwaitedAsync(default));
    }

    [Fact]
    public async Task Fact_of_the_same_name_is_replaced_and_others_stay()
    {
        var failover = await _rows.AddFailoverAsync(await _rows.AddTenantAsync());

        await _failovers.NoteAsync(failover, FailoverFacts.Vendor, "The rack burns.", default);
        await _failovers.NoteAsync(failover, FailoverFacts.Vendor, "The fire is out.", default);

        var facts = (await _failovers.GetAsync(failover, default)).Facts;
        Assert.Equal("The fire is out.", facts.GetProperty(FailoverFacts.Vendor).GetString());
        Assert.True(facts.TryGetProperty(FailoverFacts.Found, out _));
    }

    [Fact]
    public async Task No_backup_is_begun_or_due_until_the_history_is_restored()
    {
        var tenant = await _rows.AddTenantAsync();
        var failover = await _rows.AddFailoverAsync(tenant);

        Assert.False(await BeginBackupAsync(tenant));
        Assert.DoesNotContain(tenant, await ListDueAsync());
        await _rows.EnterAsync(failover, FailoverState.Serving);
        Assert.False(await BeginBackupAsync(tenant));
        Assert.DoesNotContain(tenant, await ListDueAsync());

        await _rows.EnterAsync(failover, FailoverState.Restored);

        Assert.Contains(tenant, await ListDueAsync());
        Assert.True(await BeginBackupAsync(tenant));
    }

    [Fact]
    public async Task Backups_go_on_when_a_failover_was_taken_back()
    {
        var tenant = await _rows.AddTenantAsync();
        var failover = await _rows.AddFailoverAsync(tenant);

        await _rows.EnterAsync(failover, FailoverState.Undoing, FailoverState.Undone);

        Assert.Contains(tenant, await ListDueAsync());
        Assert.True(await BeginBackupAsync(tenant));
    }

    [Fact]
    public async Task Backup_that_is_being_made_is_given_up_and_what_was_finished_stays()
    {
        var (tenant, other) = (await _rows.AddTenantAsync(), await _rows.AddTenantAsync());
        Assert.True(await BeginBackupAsync(tenant));
        var finished = Assert.Single(await _backups.ListAsync(tenant, default)).Id;
        await _backups.FinishAsync(finished, DateTimeOffset.UtcNow, 1, 1, 1, default);
        Assert.True(await BeginBackupAsync(tenant) && await BeginBackupAsync(other));

        await fixture.Control.TransactAsync(async transaction =>
        {
            await BackupStore.GiveUpAsync(transaction, tenant, default);
            return true;
        });

        var backups = await _backups.ListAsync(tenant, default);
        Assert.Equal([BackupState.Failed, BackupState.Finished], backups.Select(backup => backup.State));
        await _backups.FinishAsync(backups[0].Id, DateTimeOffset.UtcNow, 1, 1, 1, default);
        Assert.Equal(BackupState.Failed, (await _backups.GetAsync(backups[0].Id, default)).State);
        Assert.Equal(BackupState.Running, Assert.Single(await _backups.ListAsync(other, default)).State);
    }

    private async Task<IEnumerable<(long Home, bool Served, HomeOutcome Outcome)>> HomesOfAsync(Guid failover) =>
        (await _failovers.ListHomesLeftAsync(failover, default)).Select(home => (home.Home, home.Served, home.Outcome));

    private async Task<List<Guid>> AddServingAsync(params int[] importances)
    {
        var served = new List<Guid>();
        foreach (var importance in importances)
        {
            served.Add(await _rows.AddFailoverAsync(await _rows.AddTenantAsync(), importance: importance));
            await _rows.EnterAsync(served[^1], FailoverState.Serving);
        }

        return served;
    }

    private async Task<List<int>> TakeTurnsAsync(List<Guid> failovers, int atOnce)
    {
        var before = new List<int>();
        foreach (var failover in failovers)
        {
            before.Add(await _failovers.TakeTurnAsync(failover, atOnce, default));
        }

        return before;
    }

    private Task<Guid?> OfServerAsync(Guid server) => fixture.Control.TransactAsync(
        transaction => FailoverStore.FindOfServerAsync(transaction, server, default));

    private Task<bool> BeginBackupAsync(Guid tenant) => fixture.Control.TransactAsync(
        transaction => BackupStore.AddAsync(
            transaction,
            new Backup
            {
                Id = Guid.CreateVersion7(),
                TenantId = tenant,
                State = BackupState.Running,
                Reason = BackupReason.OnDemand,
                StartedAt = DateTimeOffset.UtcNow,
            },
            default));

    private Task<IReadOnlyList<Guid>> ListDueAsync()
    {
        var later = DateTimeOffset.UtcNow.AddHours(1);
        return _backups.ListDueAsync(later, later, int.MaxValue, default);
    }
}
