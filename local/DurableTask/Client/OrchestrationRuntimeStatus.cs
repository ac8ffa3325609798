namespace Microsoft.DurableTask.Client;

/// <summary>The state of an orchestration. The values are stored.</summary>
public enum OrchestrationRuntimeStatus
{
    Running = 0,
    Completed = 1,
    Failed = 3,
    Terminated = 5,
    Pending = 6,
    Suspended = 7,
}
