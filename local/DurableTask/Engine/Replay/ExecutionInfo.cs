using Microsoft.DurableTask;

namespace WebHost.Local.DurableTask.Replay;

/// <summary>What stays the same during one execution of an orchestration.</summary>
internal sealed record ExecutionInfo(
    string InstanceId,
    Guid ExecutionId,
    string Name,
    string? Input,
    ParentOrchestrationInstance? Parent);
