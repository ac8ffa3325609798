namespace WebHost.Local.DurableTask.History;

/// <summary>One step of an orchestration: its time, what had arrived, and what the orchestrator then asked for.</summary>
internal sealed record HistoryStep(
    DateTime At,
    IReadOnlyList<HistoryEvent> Events,
    IReadOnlyList<OrchestratorAction> Actions);
