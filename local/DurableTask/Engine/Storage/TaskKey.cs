namespace WebHost.Local.DurableTask.Storage;

/// <summary>Names one call of an activity.</summary>
internal readonly record struct TaskKey(string InstanceId, Guid ExecutionId, int TaskId);
