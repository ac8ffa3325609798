using WebHost.Migration;
using WebHost.Operations;
using WebHost.Provisioning;

namespace WebHost.Emergency;

/// <summary>Input of the orchestrator that fails a tenant over, and of every activity of its own.</summary>
/// <param name="OperationId">The operation whose steps these are.</param>
/// <param name="TenantId">Whose home is lost.</param>
/// <param name="Target">The home that takes its place.</param>
/// <param name="Stands">Whether that home was made before and stands still: one that a migration has left.</param>
/// <param name="Retries">How often steps are tried.</param>
/// <param name="RetryWindow">For how long a step that has failed waits for an operator's retry.</param>
/// <param name="SettleFor">After which nobody writes to the lost home any more.</param>
/// <param name="MayGiveUp">
/// Whether it is taken back when nobody has a failed step tried again. One that has taken the place of another operation is
/// not: nobody else looks after the homes of that.
/// </param>
/// <param name="Resumes">Whether an orchestration has begun with it before, and died.</param>
public sealed record FailoverInput(
    Guid OperationId,
    Guid TenantId,
    MovingHome Target,
    bool Stands,
    StepRetries Retries,
    TimeSpan RetryWindow,
    TimeSpan SettleFor,
    bool MayGiveUp = true,
    bool Resumes = false)
{
    /// <summary>What the steps that make the target take.</summary>
    internal ProvisioningInput MakingTarget => new(OperationId, TenantId, Target.Home, Retries);
}

/// <summary>Which step of a failover failed and why.</summary>
/// <param name="Failover">The failover.</param>
/// <param name="Step">Name of the step; null when nothing failed and an operator did not want it any more.</param>
/// <param name="Reason">In the words of whoever refused.</param>
/// <param name="LeftBehind">Steps that could not be taken back.</param>
public sealed record FailoverFailure(FailoverInput Failover, string? Step, string Reason, IReadOnlyList<string> LeftBehind)
{
    /// <summary>The failure of a step.</summary>
    public static FailoverFailure Of(FailoverInput failover, StalledStep stalled) => new(
        failover,
        stalled.Step,
        StepReason.Cut(stalled.Reason),
        stalled.LeftBehind);

    /// <summary>The failure as the operation shows it; null when nothing failed.</summary>
    internal OperationError? ToError() => Step is null && LeftBehind.Count == 0 ? null : new(Step, Reason, LeftBehind);
}

/// <summary>A home that a failover left behind and that is being removed.</summary>
/// <param name="Failover">The failover.</param>
/// <param name="Home">The home.</param>
/// <param name="DatabaseId">Its database; null when it never had one.</param>
/// <param name="IsReachable">Whether the database answers: where it is lost, there is nothing in it to remove.</param>
public sealed record OldHome(FailoverInput Failover, MovingHome Home, Guid? DatabaseId, bool IsReachable)
{
    /// <summary>What the steps that take it back take: those of the operation that made it.</summary>
    internal ProvisioningInput TakingBack => new(Home.MadeBy, Failover.TenantId, Home.Home, Failover.Retries);
}
