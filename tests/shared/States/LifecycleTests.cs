using WebHost.Emergency;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;
using WebHost.States;
using WebHost.Tenants;

namespace WebHost.Tests.States;

public sealed class LifecycleTests
{
    [Fact]
    public void Tenant_may_change_in_these_ways_and_no_other() => Assert.Equal(
        [
            "provisioning: active, provisioning-failed, waiting-for-capacity",
            "waiting-for-capacity: provisioning, provisioning-failed",
            "active: ",
            "provisioning-failed: provisioning",
        ],
        Describe(TenantLifecycle.Table));

    [Fact]
    public void Operation_may_change_in_these_ways_and_no_other() => Assert.Equal(
        [
            "pending: cancelled, died, failed, running, undoing",
            "running: cancelled, died, failed, succeeded, undoing, waiting",
            "waiting: cancelled, died, failed, running, succeeded, undoing",
            "undoing: cancelled, died, failed, rolled-back, waiting",
            "succeeded: ",
            "failed: ",
            "cancelled: ",
            "rolled-back: ",
            "died: cancelled, pending",
        ],
        Describe(OperationLifecycle.Table));

    [Fact]
    public void Migration_may_change_in_these_ways_and_no_other() => Assert.Equal(
        [
            "copying: superseded, switching, undoing",
            "switching: superseded, switched, undoing",
            "switched: going-back, superseded, verified",
            "verified: cleaning-up, going-back, superseded",
            "going-back: cleaning-up, superseded, undoing",
            "cleaning-up: committed",
            "undoing: undone",
            "committed: ",
            "undone: ",
            "superseded: ",
        ],
        Describe(MoveLifecycle.Table));

    [Fact]
    public void Failover_may_change_in_these_ways_and_no_other() => Assert.Equal(
        [
            "preparing: serving, superseded, undoing",
            "replacing: serving, superseded",
            "serving: restored, superseded",
            "restored: closing, superseded",
            "closing: done, superseded",
            "undoing: superseded, undone",
            "done: ",
            "undone: ",
            "superseded: ",
        ],
        Describe(FailoverLifecycle.Table));

    [Fact]
    public void Failover_is_over_where_nothing_follows() => Assert.All(
        Enum.GetValues<FailoverState>(),
        state => Assert.Equal(
            Enum.GetValues<FailoverState>().Count(to => FailoverLifecycle.Table.Allows(state, to)) == 1,
            FailoverLifecycle.IsOver(state)));

    [Fact]
    public void Server_order_may_change_in_these_ways_and_no_other() => Assert.Equal(
        [
            "awaiting-approval: approved, cancelled",
            "approved: cancelled, completed, failed",
            "failed: approved, cancelled",
            "completed: ",
            "cancelled: ",
        ],
        Describe(ServerOrderLifecycle.Table));

    [Fact]
    public void Failover_proposal_may_change_in_these_ways_and_no_other() => Assert.Equal(
        [
            "open: approved, declined, withdrawn",
            "approved: executed, open, withdrawn",
            "declined: ",
            "withdrawn: ",
            "executed: ",
        ],
        Describe(FailoverProposalLifecycle.Table));

    [Fact]
    public void Staying_where_one_is_does_no_harm() =>
        Assert.All(Enum.GetValues<OperationState>(), state => OperationLifecycle.Table.Check(state, state, "o"));

    [Fact]
    public void Check_of_a_transition_that_may_not_happen_names_both_states_and_whose_they_are()
    {
        var refused = Assert.Throws<WrongTransitionException>(
            () => TenantLifecycle.Table.Check(TenantState.Active, TenantState.WaitingForCapacity, "t1"));

        Assert.Equal(("tenant", "t1", "active", "waiting-for-capacity"), (refused.Subject, refused.Id, refused.From, refused.To));
        Assert.Equal("The tenant t1 is active and cannot become waiting-for-capacity.", refused.Message);
    }

    private static IEnumerable<string> Describe<TState>(StateTable<TState> table)
        where TState : struct, Enum =>
        from state in Enum.GetValues<TState>()
        let next = Enum.GetValues<TState>()
            .Where(to => table.Allows(state, to) && !to.Equals(state)).Select(to => WireName.Of(to)).Order(StringComparer.Ordinal)
        select $"{WireName.Of(state)}: {string.Join(", ", next)}";
}
