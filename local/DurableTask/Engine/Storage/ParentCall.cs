namespace WebHost.Local.DurableTask.Storage;

/// <summary>The call that a sub-orchestration answers.</summary>
internal sealed record ParentCall(TaskKey Key, string Name);
