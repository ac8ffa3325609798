namespace Microsoft.DurableTask;

/// <summary>An activity or a sub-orchestration failed, after its retries if it had any.</summary>
public sealed class TaskFailedException : Exception
{
    public TaskFailedException(string taskName, int taskId, TaskFailureDetails failureDetails)
        : base(MessageFor(taskName, taskId, failureDetails))
    {
        TaskName = taskName;
        TaskId = taskId;
        FailureDetails = failureDetails;
    }

    public string TaskName { get; }

    /// <summary>The number of the call within its orchestration's execution.</summary>
    public int TaskId { get; }

    public TaskFailureDetails FailureDetails { get; }

    /// <summary>No further attempt can help, as when nothing of that name is registered.</summary>
    internal bool IsFinal { get; init; }

    private static string MessageFor(string taskName, int taskId, TaskFailureDetails failureDetails)
    {
        ArgumentNullException.ThrowIfNull(failureDetails);
        return $"Task '{taskName}' (#{taskId}) failed with an unhandled exception: {failureDetails.ErrorMessage}";
    }
}
