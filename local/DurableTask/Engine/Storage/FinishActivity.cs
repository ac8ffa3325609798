using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>An activity has run; its outcome goes to its orchestration.</summary>
internal sealed record FinishActivity(TaskKey Key, long Lease, HistoryEvent Outcome, DateTime At) : CommitRequest
{
    public override int Size => (Outcome as TaskCompleted)?.Result?.Length ?? 0;
}
