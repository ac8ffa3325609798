using WebHost.States;

namespace WebHost.Emergency;

/// <summary>How far the failover of a tenant is.</summary>
public enum FailoverState
{
    /// <summary>The new home is being made. Nothing has changed for the tenant.</summary>
    Preparing,

    /// <summary>
    /// The new home is being made in the place of another failover or of a migration, which has ended for good. What that
    /// leaves is this one's to finish, so there is no way back.
    /// </summary>
    Replacing,

    /// <summary>The new home serves; the history is brought there.</summary>
    Serving,

    /// <summary>The new home has all that can be restored, and this was verified; the old home is waited for.</summary>
    Restored,

    /// <summary>The old home is waited for no longer and is being removed.</summary>
    Closing,

    /// <summary>Given up before the switch; the new home is being removed.</summary>
    Undoing,

    /// <summary>Over; the new home serves.</summary>
    Done,

    /// <summary>Over; the tenant is where it was.</summary>
    Undone,

    /// <summary>Over; another failover has taken its place and looks after its homes.</summary>
    Superseded,
}

/// <summary>Which states of a failover follow which.</summary>
public static class FailoverLifecycle
{
    /// <summary>All transitions.</summary>
    public static StateTable<FailoverState> Table { get; } = new(
        "failover",
        (FailoverState.Preparing, FailoverState.Serving),
        (FailoverState.Preparing, FailoverState.Undoing),
        (FailoverState.Replacing, FailoverState.Serving),
        (FailoverState.Serving, FailoverState.Restored),
        (FailoverState.Restored, FailoverState.Closing),
        (FailoverState.Closing, FailoverState.Done),
        (FailoverState.Undoing, FailoverState.Undone),
        (FailoverState.Preparing, FailoverState.Superseded),
        (FailoverState.Replacing, FailoverState.Superseded),
        (FailoverState.Serving, FailoverState.Superseded),
        (FailoverState.Restored, FailoverState.Superseded),
        (FailoverState.Closing, FailoverState.Superseded),
        (FailoverState.Undoing, FailoverState.Superseded));

    /// <summary>Whether nothing happens any more in that state.</summary>
    public static bool IsOver(FailoverState state) =>
        state is FailoverState.Done or FailoverState.Undone or FailoverState.Superseded;
}
