namespace WebHost.Local.DurableTask.Storage;

/// <summary>An activity that this process may run, as long as nobody took a later lease.</summary>
internal sealed record LeasedActivity(TaskKey Key, string Name, string? Input, long Lease);
