using System.Text.Json.Serialization;
using Microsoft.DurableTask;

namespace WebHost.Local.DurableTask.History;

/// <summary>Something that happened to an orchestration: first a message in its inbox, then part of its history.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ExecutionStarted), "started")]
[JsonDerivedType(typeof(ExecutionSuspended), "suspended")]
[JsonDerivedType(typeof(ExecutionResumed), "resumed")]
[JsonDerivedType(typeof(ExecutionTerminated), "terminated")]
[JsonDerivedType(typeof(ExecutionBroken), "broken")]
[JsonDerivedType(typeof(TaskCompleted), "completed")]
[JsonDerivedType(typeof(TaskFailed), "failed")]
[JsonDerivedType(typeof(TimerFired), "fired")]
[JsonDerivedType(typeof(EventRaised), "raised")]
internal abstract record HistoryEvent;

/// <summary>An execution begins, with what the previous one left unprocessed when it continued as new.</summary>
internal sealed record ExecutionStarted(IReadOnlyList<HistoryEvent>? Carried = null) : HistoryEvent;

internal sealed record ExecutionSuspended(string? Reason) : HistoryEvent;

internal sealed record ExecutionResumed(string? Reason) : HistoryEvent;

internal sealed record ExecutionTerminated(string? Output, bool Recursive) : HistoryEvent;

/// <summary>The orchestrator's code broke its rules between two steps.</summary>
internal sealed record ExecutionBroken(string Message) : HistoryEvent;

/// <summary>An activity or a sub-orchestration succeeded.</summary>
internal sealed record TaskCompleted(int TaskId, string? Result) : HistoryEvent;

/// <summary>An activity or a sub-orchestration failed.</summary>
internal sealed record TaskFailed(int TaskId, TaskFailureDetails Failure, bool IsFinal = false) : HistoryEvent;

/// <summary>A timer's time has come; the clock of the step that sees it is not earlier than when it was due.</summary>
internal sealed record TimerFired(int TaskId, DateTime FireAt) : HistoryEvent;

internal sealed record EventRaised(string Name, string? Input) : HistoryEvent;
