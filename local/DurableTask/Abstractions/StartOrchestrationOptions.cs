namespace Microsoft.DurableTask;

/// <summary>How a new orchestration is scheduled.</summary>
/// <param name="InstanceId">A random id is made when absent.</param>
/// <param name="StartAt">The orchestration stays pending until then.</param>
public record StartOrchestrationOptions(string? InstanceId = null, DateTimeOffset? StartAt = null)
{
    /// <summary>
    /// States in which an existing instance of the same id makes scheduling an error; in any other state it is replaced.
    /// Absent: an error while it is pending, running or suspended.
    /// </summary>
    public IReadOnlyList<string>? DedupeStatuses { get; init; }
}
