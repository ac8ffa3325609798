using Microsoft.DurableTask.Client;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>An orchestration to be created, with its first message.</summary>
internal sealed record NewInstance(string InstanceId, string Name, string? Input, DateTime CreatedAt, DateTime StartAt)
{
    /// <summary>States in which an instance of the same id gives way when nobody said otherwise.</summary>
    public static readonly IReadOnlyList<OrchestrationRuntimeStatus> FinishedStates =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated];

    public Guid CreationId { get; } = Guid.NewGuid();

    public IReadOnlyList<OrchestrationRuntimeStatus> Replaceable { get; init; } = FinishedStates;

    public ParentCall? Parent { get; init; }
}
