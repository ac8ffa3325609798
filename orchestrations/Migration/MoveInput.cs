using WebHost.Operations;
using WebHost.Plans;
using WebHost.Provisioning;

namespace WebHost.Migration;

/// <summary>Input of the orchestrator that moves a tenant, and of every activity of its own. Whatever is large is in the databases and in blobs.</summary>
/// <param name="OperationId">The operation whose steps these are.</param>
/// <param name="TenantId">Who moves.</param>
/// <param name="Source">The home that is left.</param>
/// <param name="Target">The home that is made.</param>
/// <param name="Archives">Whether history that the new plan does not retain goes into the archive.</param>
/// <param name="Retries">How often steps are tried.</param>
/// <param name="RetryWindow">For how long a step that has failed waits for an operator's retry.</param>
/// <param name="Resumes">Whether an orchestration has begun with it before, and died.</param>
public sealed record MoveInput(
    Guid OperationId,
    Guid TenantId,
    MovingHome Source,
    MovingHome Target,
    bool Archives,
    StepRetries Retries,
    TimeSpan RetryWindow,
    bool Resumes = false)
{
    /// <summary>What the steps that make the target take.</summary>
    internal ProvisioningInput MakingTarget => new(OperationId, TenantId, Target.Home, Retries);

    /// <summary>What the steps that take the source back take: those of the operation that made it.</summary>
    internal ProvisioningInput TakingSourceBack => new(Source.MadeBy, TenantId, Source.Home, Retries);
}

/// <summary>One of the two homes of a tenant that moves.</summary>
/// <param name="Home">Its number.</param>
/// <param name="Provider">Whose infrastructure it is on.</param>
/// <param name="MadeBy">The operation that made it.</param>
public sealed record MovingHome(long Home, HostingProvider Provider, Guid MadeBy);

/// <summary>Which step of a move failed and why.</summary>
/// <param name="Move">The move.</param>
/// <param name="Step">Name of the step; null when nothing failed and an operator wanted the tenant back.</param>
/// <param name="Reason">In the words of whoever refused.</param>
/// <param name="LeftBehind">Steps that could not be taken back.</param>
public sealed record MoveFailure(MoveInput Move, string? Step, string Reason, IReadOnlyList<string> LeftBehind)
{
    /// <summary>The failure of a step.</summary>
    public static MoveFailure Of(MoveInput move, StalledStep stalled) => new(
        move,
        stalled.Step,
        StepReason.Cut(stalled.Reason),
        stalled.LeftBehind);

    /// <summary>The failure as the operation shows it; null when nothing failed.</summary>
    internal OperationError? ToError() => Step is null && LeftBehind.Count == 0 ? null : new(Step, Reason, LeftBehind);
}
