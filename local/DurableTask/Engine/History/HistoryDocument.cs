using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace WebHost.Local.DurableTask.History;

/// <summary>All that a replay needs, and what it must lead to.</summary>
internal sealed record HistoryDocument(
    string InstanceId,
    Guid ExecutionId,
    string Name,
    string? Input,
    string? ParentName,
    string? ParentId,
    OrchestrationRuntimeStatus Status,
    string? Output,
    IReadOnlyList<HistoryStep> Steps)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public ParentOrchestrationInstance? Parent => ParentId is null ? null : new(ParentName!, ParentId);
}
