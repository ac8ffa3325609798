using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using WebHost.Local.DurableTask.History;
using WebHost.Local.DurableTask.Replay;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>An orchestration that this process may take a step of, as long as nobody took a later lease.</summary>
internal sealed record LeasedInstance(
    string InstanceId,
    Guid ExecutionId,
    string Name,
    ParentOrchestrationInstance? Parent,
    Guid? ParentExecutionId,
    int? ParentTaskId,
    OrchestrationRuntimeStatus Status,
    int Steps,
    long Lease)
{
    public bool IsFinished => NewInstance.FinishedStates.Contains(Status);

    public List<InboxMessage> Messages { get; } = [];

    /// <summary>Filled for an orchestration that this process does not hold in memory.</summary>
    public List<HistoryStep> History { get; } = [];

    /// <summary>Filled for an orchestration that this process does not hold in memory.</summary>
    public string? Input { get; set; }

    public ExecutionInfo ToExecutionInfo() => new(InstanceId, ExecutionId, Name, Input, Parent);
}
