using WebHost.States;

namespace WebHost.Placement;

/// <summary>Where the order of a shared server is.</summary>
public enum ServerOrderState
{
    /// <summary>Prepared; nothing is bought before an operator approves.</summary>
    AwaitingApproval,

    /// <summary>Approved; its operation says how far it is.</summary>
    Approved,

    /// <summary>Its operation failed; what was bought is ours, and a retry goes on with it.</summary>
    Failed,

    /// <summary>The server takes tenants.</summary>
    Completed,

    /// <summary>An operator no longer wants it.</summary>
    Cancelled,
}

/// <summary>Which states of an order follow which.</summary>
public static class ServerOrderLifecycle
{
    /// <summary>All transitions.</summary>
    public static StateTable<ServerOrderState> Table { get; } = new(
        "server order",
        (ServerOrderState.AwaitingApproval, ServerOrderState.Approved),
        (ServerOrderState.AwaitingApproval, ServerOrderState.Cancelled),
        (ServerOrderState.Approved, ServerOrderState.Failed),
        (ServerOrderState.Approved, ServerOrderState.Completed),
        (ServerOrderState.Approved, ServerOrderState.Cancelled),
        (ServerOrderState.Failed, ServerOrderState.Approved),
        (ServerOrderState.Failed, ServerOrderState.Cancelled));
}
