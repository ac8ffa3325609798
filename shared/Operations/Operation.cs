using System.Text.Json;

namespace WebHost.Operations;

/// <summary>A long piece of work on behalf of a tenant or a server, as callers see it.</summary>
public sealed record Operation
{
    /// <summary>Also the id of its orchestration.</summary>
    public required Guid Id { get; init; }

    /// <summary>What it does: "provision".</summary>
    public required string Kind { get; init; }

    /// <summary>For whom; absent when it is not for one tenant.</summary>
    public Guid? TenantId { get; init; }

    /// <summary>Where it is.</summary>
    public required OperationState State { get; init; }

    /// <summary>When it was accepted, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its first step began, UTC.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Its steps in order.</summary>
    public IReadOnlyList<OperationStep> Steps { get; init; } = [];

    /// <summary>Why it failed.</summary>
    public OperationError? Error { get; init; }

    /// <summary>What it measured.</summary>
    public JsonElement? Figures { get; init; }
}

/// <summary>A step of an operation.</summary>
public sealed record OperationStep
{
    /// <summary>Its place in the operation, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The name of the activity that does it.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, for people.</summary>
    public required string Title { get; init; }

    /// <summary>Where it is.</summary>
    public required StepState State { get; init; }

    /// <summary>When its first attempt began, UTC.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>How often it was tried.</summary>
    public required int Attempts { get; init; }

    /// <summary>What came of it, or why it failed, in the words of whoever refused.</summary>
    public string? Detail { get; init; }

    /// <summary>What it consists of, when it is not one piece of work.</summary>
    public IReadOnlyList<OperationStep>? Parts { get; init; }

    /// <summary>A step with parts, as these are.</summary>
    internal OperationStep Of(IReadOnlyList<OperationStep> parts) => this with
    {
        State = StateOf(parts),
        StartedAt = parts.Min(part => part.StartedAt),
        FinishedAt = parts.All(part => part.FinishedAt is not null) ? parts.Max(part => part.FinishedAt) : null,
        Attempts = parts.Max(part => part.Attempts),
        Detail = parts.LastOrDefault(part => part.Detail is not null && part.State != StepState.Pending)?.Detail,
        Parts = [.. parts.Select((part, i) => part with { Number = i + 1 })],
    };

    private static StepState StateOf(IReadOnlyList<OperationStep> parts)
    {
        StepState[] telling = [StepState.Failed, StepState.Undone, StepState.Waiting, StepState.Retrying, StepState.Running];
        foreach (var state in telling.Where(state => parts.Any(part => part.State == state)))
        {
            return state;
        }

        return parts.All(part => part.State == StepState.Succeeded) ? StepState.Succeeded
            : parts.Any(part => part.State == StepState.Succeeded) ? StepState.Running
            : StepState.Pending;
    }
}

/// <summary>Why an operation failed.</summary>
/// <param name="Step">Name of the step that failed; absent when none had begun.</param>
/// <param name="Message">The reason, in the words of whoever refused.</param>
/// <param name="LeftBehind">What could not be taken back and needs an operator; empty when all was undone.</param>
public sealed record OperationError(string? Step, string Message, IReadOnlyList<string> LeftBehind);

/// <summary>A step of an operation that is about to be accepted.</summary>
/// <param name="Name">The name of the activity that does it, or of the whole when it consists of parts.</param>
/// <param name="Title">What it does, for people.</param>
/// <param name="Parts">What it consists of, when it is not one piece of work.</param>
public sealed record PlannedStep(string Name, string Title, IReadOnlyList<PlannedStep>? Parts = null);

/// <summary>An operation that is about to be accepted.</summary>
/// <param name="Id">Also the id of its orchestration.</param>
/// <param name="Kind">What it does: "provision".</param>
/// <param name="TenantId">For whom.</param>
/// <param name="Orchestrator">The orchestrator's function name.</param>
/// <param name="Input">The orchestrator's input; serialized to JSON.</param>
/// <param name="Steps">Its steps in order.</param>
public sealed record PlannedOperation(
    Guid Id, string Kind, Guid? TenantId, string Orchestrator, object Input, IReadOnlyList<PlannedStep> Steps);
