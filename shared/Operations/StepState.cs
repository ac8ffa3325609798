namespace WebHost.Operations;

/// <summary>Where a step of an operation is.</summary>
public enum StepState
{
    /// <summary>Not begun.</summary>
    Pending,

    /// <summary>At work.</summary>
    Running,

    /// <summary>Waiting for something that others do.</summary>
    Waiting,

    /// <summary>An attempt failed; there will be another.</summary>
    Retrying,

    /// <summary>Done.</summary>
    Succeeded,

    /// <summary>Given up.</summary>
    Failed,

    /// <summary>Was done, or begun, and has been taken back.</summary>
    Undone,
}
