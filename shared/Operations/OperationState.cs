using WebHost.States;

namespace WebHost.Operations;

/// <summary>Where an operation is.</summary>
public enum OperationState
{
    /// <summary>Accepted; its orchestration has not begun.</summary>
    Pending,

    /// <summary>At work.</summary>
    Running,

    /// <summary>Waiting for something that others do; the step that waits says for what.</summary>
    Waiting,

    /// <summary>Failed, and taking back what it had done.</summary>
    Undoing,

    /// <summary>Done.</summary>
    Succeeded,

    /// <summary>Given up; the error says why.</summary>
    Failed,

    /// <summary>Given up because an operator wanted it, before it had changed anything for the tenant; what was begun is undone.</summary>
    Cancelled,

    /// <summary>Taken back because an operator wanted it; nothing that was written meanwhile is lost.</summary>
    RolledBack,

    /// <summary>
    /// In the middle, and nobody works on it: its orchestration ended before its work was done. A retry has a new one go on with it.
    /// </summary>
    Died,
}

/// <summary>Which states of an operation follow which.</summary>
public static class OperationLifecycle
{
    /// <summary>All transitions.</summary>
    public static StateTable<OperationState> Table { get; } = new(
        "operation",
        (OperationState.Pending, OperationState.Running),
        (OperationState.Pending, OperationState.Undoing),
        (OperationState.Pending, OperationState.Failed),
        (OperationState.Pending, OperationState.Cancelled),
        (OperationState.Running, OperationState.Waiting),
        (OperationState.Running, OperationState.Undoing),
        (OperationState.Running, OperationState.Succeeded),
        (OperationState.Running, OperationState.Failed),
        (OperationState.Running, OperationState.Cancelled),
        (OperationState.Waiting, OperationState.Running),
        (OperationState.Waiting, OperationState.Undoing),
        (OperationState.Waiting, OperationState.Failed),
        (OperationState.Waiting, OperationState.Cancelled),
        (OperationState.Undoing, OperationState.Failed),
        (OperationState.Undoing, OperationState.Cancelled),
        (OperationState.Undoing, OperationState.RolledBack),
        (OperationState.Waiting, OperationState.Succeeded),
        (OperationState.Undoing, OperationState.Waiting),
        (OperationState.Pending, OperationState.Died),
        (OperationState.Running, OperationState.Died),
        (OperationState.Waiting, OperationState.Died),
        (OperationState.Undoing, OperationState.Died),
        (OperationState.Died, OperationState.Pending),
        (OperationState.Died, OperationState.Cancelled));

    /// <summary>Whether nothing happens in that state, unless somebody has it tried again.</summary>
    public static bool IsOver(OperationState state) => state
        is OperationState.Succeeded or OperationState.Failed or OperationState.Cancelled or OperationState.RolledBack
        or OperationState.Died;
}
