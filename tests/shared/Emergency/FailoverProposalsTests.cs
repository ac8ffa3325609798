using WebHost.Configuration;
using WebHost.Data;
using WebHost.Emergency;
using WebHost.Monitoring;
using WebHost.Placement;
using WebHost.Plans;
using WebHost.States;
using WebHost.Tests.Placement;

namespace WebHost.Tests.Emergency;

public sealed class FailoverProposalsTests(ControlFixture fixture) : IClassFixture<ControlFixture>, IAsyncLifetime
{
    private static readonly DatabaseSight Answering = new(DatabaseState.Answering, "It answers.");
    private static readonly DatabaseSight Slow = new(DatabaseState.Slow, "It took 4.0 s to answer.");
    private static readonly DatabaseSight Silent = new(DatabaseState.Silent, "No connection.");
    private static readonly DatabaseSight Gone = new(DatabaseState.Gone, "It does not exist.");

    private readonly FixedClock _clock = new(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));
    private readonly DatabaseHealthStore _health = new(fixture.Control);
    private readonly AlertStore _alerts = new(fixture.Control);

    private FailoverProposalStore Store => new(fixture.Control, _clock);

    public async ValueTask InitializeAsync()
    {
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql(
            """
            UPDATE placements SET state = 'abandoned';
            DELETE FROM database_health; DELETE FROM failover_proposals; DELETE FROM alerts
            """).RunAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Server_is_proposed_once_when_it_has_not_answered_for_a_minute()
    {
        var (server, database) = await AddServerAsync(tenants: 2);
        await PassAsync(50, (database, Silent));
        var early = await ReviewAsync();

        await PassAsync(20, (database, Silent), (await AddOwnAsync(PlanId.Starter), Answering));
        await ReviewAsync();
        var proposed = await ReviewAsync();

        Assert.Empty(early);
        var proposal = Assert.Single(proposed);
        Assert.Equal(
            (server.Id, null, FailoverProposalState.Open, false),
            (proposal.ServerId, proposal.TenantId, proposal.State, proposal.Unattended));
        Assert.Equal(
            $"Server {server.Name} with 2 tenants has served nobody since {proposal.LostSince:u}. No connection.", proposal.Reason);
        var alert = Assert.Single(await OpenAlertsAsync());
        Assert.Equal(server.Id.ToString(), alert.Subject);
        Assert.Contains($"POST /api/failovers/proposals/{proposal.Id}/approve gives all its tenants", alert.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Database_of_one_tenant_is_proposed_as_that_tenant()
    {
        var (lost, slow) = (await AddOwnAsync(PlanId.Starter), await AddOwnAsync(PlanId.Starter));

        await PassAsync(70, (lost, Gone), (slow, Slow));

        var proposal = Assert.Single(await ReviewAsync());
        Assert.Equal((lost, null), (proposal.DatabaseId, proposal.ServerId));
        Assert.Equal(await TenantOfAsync(lost), proposal.TenantId);
        Assert.StartsWith("The database of Acme has served nobody", proposal.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_who_review_at_once_make_one_proposal()
    {
        await PassAsync(70, (await AddOwnAsync(PlanId.Starter), Silent));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Proposals().ReviewAsync(default))));

        Assert.Single(await Store.ListAsync(null, 10, default));
        Assert.Single(await OpenAlertsAsync());
    }

    [Theory]
    [InlineData(FailoverProposalState.Open)]
    [InlineData(FailoverProposalState.Approved)]
    public async Task Proposal_is_withdrawn_when_the_database_answers_and_made_anew_when_it_is_lost_again(FailoverProposalState state)
    {
        var database = await AddOwnAsync(PlanId.Starter);
        await PassAsync(70, (database, Silent));
        var first = Assert.Single(await ReviewAsync());
        await Store.EnterAsync(first.Id, state, default);

        await PassAsync(10, (database, Slow));
        var withdrawn = Assert.Single(await ReviewAsync());
        var alerts = await OpenAlertsAsync();
        await PassAsync(70, (database, Silent));
        var both = await ReviewAsync();

        Assert.Equal((first.Id, FailoverProposalState.Withdrawn), (withdrawn.Id, withdrawn.State));
        Assert.NotNull(withdrawn.EndedAt);
        Assert.Empty(alerts);
        Assert.Equal([FailoverProposalState.Open, FailoverProposalState.Withdrawn], both.Select(proposal => proposal.State));
    }

    [Fact]
    public async Task Proposal_is_withdrawn_when_its_database_serves_nobody_any_more()
    {
        var database = await AddOwnAsync(PlanId.Starter);
        await PassAsync(70, (database, Silent));
        await ReviewAsync();

        await _health.EndOthersAsync([], _clock.GetUtcNow().AddSeconds(1), default);

        Assert.Equal(FailoverProposalState.Withdrawn, Assert.Single(await ReviewAsync()).State);
    }

    [Fact]
    public async Task Declined_proposal_is_made_again_only_after_the_database_has_answered()
    {
        var database = await AddOwnAsync(PlanId.Starter);
        await PassAsync(70, (database, Silent));
        await Store.EnterAsync(Assert.Single(await ReviewAsync()).Id, FailoverProposalState.Declined, default);

        await PassAsync(300, (database, Gone));
        await PassAsync(70, (database, Silent));
        var declined = await ReviewAsync();
        var alerts = await OpenAlertsAsync();
        await PassAsync(10, (database, Answering));
        await PassAsync(70, (database, Silent));
        var again = await ReviewAsync();

        Assert.Equal(FailoverProposalState.Declined, Assert.Single(declined).State);
        Assert.Empty(alerts);
        Assert.Equal([FailoverProposalState.Open, FailoverProposalState.Declined], again.Select(proposal => proposal.State));
    }

    [Fact]
    public async Task Plans_that_are_listed_are_approved_at_once_and_others_wait()
    {
        var (_, shared) = await AddServerAsync(tenants: 1);
        var (starter, business) = (await AddOwnAsync(PlanId.Starter), await AddOwnAsync(PlanId.Business));
        var healthy = await AddOwnAsync(PlanId.Starter);

        await PassAsync(70, (shared, Silent), (starter, Silent), (business, Silent), (healthy, Answering));
        var proposed = (await ReviewAsync(PlanId.Hobby, PlanId.Business)).ToDictionary(proposal => proposal.DatabaseId);

        Assert.Equal(3, proposed.Count);
        Assert.All([shared, business], id => Assert.Equal(
            (FailoverProposalState.Approved, true, _clock.GetUtcNow()),
            (proposed[id].State, proposed[id].Unattended, proposed[id].ApprovedAt)));
        Assert.Equal((FailoverProposalState.Open, false), (proposed[starter].State, proposed[starter].Unattended));
        Assert.Equal((await TenantOfAsync(starter)).ToString(), Assert.Single(await OpenAlertsAsync()).Subject);
    }

    [Fact]
    public async Task Nothing_is_approved_unattended_while_every_database_is_silent()
    {
        var (first, second) = (await AddOwnAsync(PlanId.Starter), await AddOwnAsync(PlanId.Starter));

        await PassAsync(70, (first, Silent), (second, Silent));
        var proposed = await ReviewAsync(PlanId.Starter);

        Assert.Equal(2, proposed.Count);
        Assert.All(proposed, proposal =>
        {
            Assert.Equal((FailoverProposalState.Open, false), (proposal.State, proposal.Unattended));
            Assert.EndsWith(
                "No other database there answers either: it may be this application that is cut off.", proposal.Reason, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Nothing_of_a_vendor_is_approved_unattended_while_every_database_there_is_silent()
    {
        var ((_, first), (_, second)) = (await AddServerAsync(tenants: 1), await AddServerAsync(tenants: 1));
        var healthy = await AddOwnAsync(PlanId.Starter);

        await PassAsync(70, (first, Silent), (second, Silent), (healthy, Answering));

        Assert.Equal(
            [FailoverProposalState.Open, FailoverProposalState.Open],
            (await ReviewAsync(PlanId.Hobby)).Select(proposal => proposal.State));
    }

    [Fact]
    public async Task Only_database_there_is_and_one_of_many_whose_server_answers_are_approved_unattended()
    {
        var alone = await AddOwnAsync(PlanId.Starter);
        await PassAsync(70, (alone, Silent));
        var only = Assert.Single(await ReviewAsync(PlanId.Starter));
        await InitializeAsync();

        var (silent, gone) = (await AddOwnAsync(PlanId.Starter), await AddOwnAsync(PlanId.Starter));
        await PassAsync(70, (silent, Silent), (gone, Gone));
        var both = await ReviewAsync(PlanId.Starter);

        Assert.Equal(FailoverProposalState.Approved, only.State);
        Assert.Equal([FailoverProposalState.Approved, FailoverProposalState.Approved], both.Select(proposal => proposal.State));
    }

    [Fact]
    public async Task What_was_silent_before_nobody_looked_for_a_while_is_not_proposed_until_it_is_seen_for_a_minute_again()
    {
        var database = await AddOwnAsync(PlanId.Starter);
        await PassAsync(30, (database, Silent));
        _clock.Advance(TimeSpan.FromHours(2));

        var before = await ReviewAsync();
        await PassAsync(50, (database, Silent));
        var soon = await ReviewAsync();
        await PassAsync(20, (database, Silent));

        Assert.Empty(before);
        Assert.Empty(soon);
        Assert.Single(await ReviewAsync());
    }

    [Fact]
    public async Task Approved_proposal_is_started_once_however_many_try()
    {
        var id = await AddApprovedAsync();
        var started = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Store.ExecuteAsync(
            id,
            _ =>
            {
                Interlocked.Increment(ref started);
                return Task.CompletedTask;
            },
            default))));

        var executed = (await Store.FindAsync(id, default))!;
        Assert.Equal(1, started);
        Assert.False(await Store.ApproveAsync(id, default));
        Assert.Equal((FailoverProposalState.Executed, id), (executed.State, executed.OperationId));
    }

    [Fact]
    public async Task Proposal_whose_start_fails_stays_approved_and_one_that_is_refused_waits_again_and_says_why()
    {
        var id = await AddApprovedAsync();

        await Assert.ThrowsAsync<TimeoutException>(() => Store.ExecuteAsync(id, _ => throw new TimeoutException(), default));
        var failed = Assert.Single(await ReviewAsync());
        var alerts = await OpenAlertsAsync();
        await Store.ReopenAsync(id, "One runs already.", default);
        var refused = Assert.Single(await ReviewAsync());

        Assert.Equal((FailoverProposalState.Approved, null), (failed.State, failed.OperationId));
        Assert.Empty(alerts);
        Assert.Equal((FailoverProposalState.Open, "One runs already."), (refused.State, refused.Refusal));
        Assert.Contains(
            "It was not failed over: One runs already. POST", Assert.Single(await OpenAlertsAsync()).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WrongTransitionException>(() => Store.ExecuteAsync(id, _ => Task.CompletedTask, default));
    }

    [Fact]
    public async Task Proposal_that_is_being_started_is_not_withdrawn()
    {
        var id = await AddApprovedAsync();

        await Store.ExecuteAsync(id, _ => Store.WithdrawOthersAsync([], default), default);

        Assert.Equal(FailoverProposalState.Executed, (await Store.FindAsync(id, default))!.State);
    }

    [Fact]
    public async Task Proposal_that_is_over_can_be_decided_about_no_more_and_deciding_the_same_again_does_no_harm()
    {
        var id = await AddApprovedAsync();
        await Assert.ThrowsAsync<WrongTransitionException>(() => Store.EnterAsync(id, FailoverProposalState.Declined, default));
        Assert.True(await Store.ApproveAsync(id, default));
        await Store.EnterAsync(id, FailoverProposalState.Withdrawn, default);
        var ended = (await Store.FindAsync(id, default))!.EndedAt;
        _clock.Advance(TimeSpan.FromMinutes(1));
        await Store.EnterAsync(id, FailoverProposalState.Withdrawn, default);

        await Assert.ThrowsAsync<WrongTransitionException>(() => Store.ApproveAsync(id, default));
        Assert.Equal(ended, (await Store.FindAsync(id, default))!.EndedAt);
    }

    private FailoverProposals Proposals(params PlanId[] unattended) => new(
        _health,
        new PlacementStore(fixture.Control),
        Store,
        _alerts,
        SettingsWith(unattended),
        _clock);

    private async Task<IReadOnlyList<FailoverProposal>> ReviewAsync(params PlanId[] unattended)
    {
        await Proposals(unattended).ReviewAsync(default);
        return await Store.ListAsync(null, 10, default);
    }

    private async Task<Guid> AddApprovedAsync()
    {
        await PassAsync(70, (await AddOwnAsync(PlanId.Starter), Silent));
        var id = Assert.Single(await ReviewAsync()).Id;
        Assert.True(await Store.ApproveAsync(id, default));
        return id;
    }

    // Time in which the watch sees the same every ten seconds, the last time at its end.
    private async Task PassAsync(int seconds, params (Guid Database, DatabaseSight Sight)[] seen)
    {
        for (var passed = 0; passed <= seconds; passed += 10)
        {
            _clock.Advance(TimeSpan.FromSeconds(passed == 0 ? 1 : 10));
            foreach (var (database, sight) in seen)
            {
                await _health.NoteAsync(database, sight, _clock.GetUtcNow(), default);
            }
        }
    }

    private async Task<IReadOnlyList<Alert>> OpenAlertsAsync() =>
        [.. (await _alerts.ListAsync(includeResolved: false, 100, default)).Where(alert => alert.Kind == FailoverProposals.ProposedAlert)];

    private async Task<Guid> TenantOfAsync(Guid database) =>
        (await new PlacementStore(fixture.Control).ListServedDatabasesAsync(default))
            .Single(served => served.DatabaseId == database).TenantId!.Value;

    private async Task<(Server Server, Guid Database)> AddServerAsync(int tenants)
    {
        var database = await AddDatabaseAsync();
        var server = await fixture.AddServerAsync(tenants, region: $"r{database:n}");
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql("UPDATE servers SET database_id = $2 WHERE id = $1", server.Id, database).RunAsync();
        for (var i = 0; i < tenants; i++)
        {
            await ServeAsync(PlanId.Hobby, async tenant => await new ServerStore(fixture.Control)
                .ReserveSlotAsync(tenant.TenantId, tenant.Home, server.Region, lifetime: null, default));
        }

        return (server, database);
    }

    private async Task<Guid> AddOwnAsync(PlanId plan)
    {
        var database = await AddDatabaseAsync();
        await ServeAsync(plan, tenant => new PlacementStore(fixture.Control)
            .UseDatabaseAsync(tenant.TenantId, tenant.Home, database, default));
        return database;
    }

    private async Task ServeAsync(PlanId plan, Func<TenantPlacement, Task> place)
    {
        var tenant = await fixture.AddTenantAsync();
        await using var connection = await fixture.Control.OpenAsync();
        await connection.Sql("UPDATE homes SET plan = $2 WHERE tenant_id = $1", tenant.TenantId, plan).RunAsync();
        await place(tenant);
        await new PlacementStore(fixture.Control).EnterAsync(tenant.TenantId, tenant.Epoch, PlacementState.Serving, default);
    }

    private async Task<Guid> AddDatabaseAsync() =>
        (await fixture.Databases.AddAsync("192.0.2.1", 5432, $"d{Guid.NewGuid():n}", "admin", "Disable", null, default)).Id;

    private static Settings SettingsWith(PlanId[] unattended) =>
        TestSettings.Any with { Failovers = new FailoverSettings { Unattended = unattended } };
}
