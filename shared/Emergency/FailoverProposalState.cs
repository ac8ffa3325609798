using WebHost.States;

namespace WebHost.Emergency;

/// <summary>What has become of a proposal to fail over.</summary>
public enum FailoverProposalState
{
    /// <summary>It waits for an operator.</summary>
    Open,

    /// <summary>It is to be carried out.</summary>
    Approved,

    /// <summary>An operator does not want it.</summary>
    Declined,

    /// <summary>There is no reason for it any more: the database answers, or serves nobody.</summary>
    Withdrawn,

    /// <summary>The failover has been started.</summary>
    Executed,
}

/// <summary>Which states of a proposal follow which.</summary>
public static class FailoverProposalLifecycle
{
    /// <summary>All transitions. An approved proposal that cannot be started is open again.</summary>
    public static StateTable<FailoverProposalState> Table { get; } = new(
        "failover proposal",
        (FailoverProposalState.Open, FailoverProposalState.Approved),
        (FailoverProposalState.Open, FailoverProposalState.Declined),
        (FailoverProposalState.Open, FailoverProposalState.Withdrawn),
        (FailoverProposalState.Approved, FailoverProposalState.Executed),
        (FailoverProposalState.Approved, FailoverProposalState.Open),
        (FailoverProposalState.Approved, FailoverProposalState.Withdrawn));

    /// <summary>Whether nothing happens any more in that state.</summary>
    public static bool IsOver(FailoverProposalState state) =>
        state is FailoverProposalState.Declined or FailoverProposalState.Withdrawn or FailoverProposalState.Executed;
}
