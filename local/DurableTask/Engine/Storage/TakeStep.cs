using WebHost.Local.DurableTask.Replay;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>
/// One step of an orchestration: gives back its lease, removes the messages it consumed, appends to its history, and sends
/// what it asked for. Without an outcome nothing had happened, and only the lease and the messages go.
/// </summary>
internal sealed record TakeStep(LeasedInstance Instance, StepOutcome? Outcome, DateTime At) : CommitRequest
{
    /// <summary>The step as it is stored.</summary>
    public string? Body { get; init; }

    /// <summary>The execution that the orchestration is in after the step.</summary>
    public Guid NextExecutionId { get; init; } = Instance.ExecutionId;

    public IReadOnlyList<OutgoingMessage> Messages { get; init; } = [];

    public IReadOnlyList<(NewInstance Instance, TaskKey Caller)> Children { get; init; } = [];

    /// <summary>Calls of activities; one with a lease is this process's from the start.</summary>
    public IReadOnlyList<LeasedActivity> Activities { get; init; } = [];

    public IReadOnlyList<int> CancelledTimers { get; init; } = [];

    public override int Size => Body?.Length ?? 0;
}
