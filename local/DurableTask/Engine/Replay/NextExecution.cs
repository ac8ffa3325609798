using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Replay;

/// <summary>How an orchestration continues as new.</summary>
internal sealed record NextExecution(string? Input, IReadOnlyList<HistoryEvent> Carried);
