using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Replay;

/// <summary>What a step leads to, to be committed as one.</summary>
internal sealed record StepOutcome(HistoryStep Step, OrchestrationRuntimeStatus Status)
{
    public string? CustomStatus { get; init; }

    public string? Output { get; init; }

    public TaskFailureDetails? Failure { get; init; }

    public NextExecution? Next { get; init; }

    /// <summary>Terminate the sub-orchestrations too.</summary>
    public bool TerminateChildren { get; init; }

    public bool IsFinished => Status
        is OrchestrationRuntimeStatus.Completed
        or OrchestrationRuntimeStatus.Failed
        or OrchestrationRuntimeStatus.Terminated;
}
