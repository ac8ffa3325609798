using WebHost.States;

namespace WebHost.Migration;

/// <summary>How far a tenant is on its way from one home to another.</summary>
public enum MoveState
{
    /// <summary>The target is made and filled; the source serves, and everything can be taken back.</summary>
    Copying,

    /// <summary>The source is about to hand over.</summary>
    Switching,

    /// <summary>The target serves and is being verified.</summary>
    Switched,

    /// <summary>The target serves and is verified; what is written there is shipped back to the source, for the way back.</summary>
    Verified,

    /// <summary>The target is about to hand over to the source again.</summary>
    GoingBack,

    /// <summary>The target serves for good; the source is being removed.</summary>
    CleaningUp,

    /// <summary>The source serves for good; the target is being removed.</summary>
    Undoing,

    /// <summary>Over; the target serves and the source is gone.</summary>
    Committed,

    /// <summary>Over; the source serves and the target is gone.</summary>
    Undone,

    /// <summary>Over; a home was lost, and a failover has taken the move's place and looks after both homes.</summary>
    Superseded,
}

/// <summary>Which states of a move follow which.</summary>
public static class MoveLifecycle
{
    /// <summary>All transitions.</summary>
    public static StateTable<MoveState> Table { get; } = new(
        "migration",
        (MoveState.Copying, MoveState.Switching),
        (MoveState.Copying, MoveState.Undoing),
        (MoveState.Switching, MoveState.Switched),
        (MoveState.Switching, MoveState.Undoing),
        (MoveState.Switched, MoveState.Verified),
        (MoveState.Switched, MoveState.GoingBack),
        (MoveState.Verified, MoveState.GoingBack),
        (MoveState.Verified, MoveState.CleaningUp),
        (MoveState.GoingBack, MoveState.Undoing),
        (MoveState.GoingBack, MoveState.CleaningUp),
        (MoveState.Copying, MoveState.Superseded),
        (MoveState.Switching, MoveState.Superseded),
        (MoveState.Switched, MoveState.Superseded),
        (MoveState.Verified, MoveState.Superseded),
        (MoveState.GoingBack, MoveState.Superseded),
        (MoveState.CleaningUp, MoveState.Committed),
        (MoveState.Undoing, MoveState.Undone));

    /// <summary>Whether nothing happens any more in that state.</summary>
    public static bool IsOver(MoveState state) => state is MoveState.Committed or MoveState.Undone or MoveState.Superseded;

    /// <summary>Whether an operator may ask for a state in another: to cancel, to commit, to roll back.</summary>
    public static bool CanBeAskedFor(MoveState from, MoveState to) => (from, to)
        is (MoveState.Copying or MoveState.Switching, MoveState.Undoing)
        or (MoveState.Verified or MoveState.GoingBack, MoveState.CleaningUp)
        or (MoveState.Switched or MoveState.Verified, MoveState.GoingBack);
}
