using WebHost.Plans;

namespace WebHost.Emergency;

/// <summary>What somebody wants who has a tenant failed over.</summary>
/// <param name="Reason">Why, for the report.</param>
/// <param name="Target">Whose infrastructure the new home is to be on; whichever serves fastest when null.</param>
/// <param name="Region">The provider's region code; the one that suits the fleet best when null.</param>
/// <param name="Force">Whether to do it although the present home answers, or another failover is at work.</param>
/// <param name="Found">How the present home was found by whoever asks; null when nobody has looked yet.</param>
public sealed record FailoverRequest(
    string Reason,
    HostingProvider? Target = null,
    string? Region = null,
    bool Force = false,
    HomeCondition? Found = null);

/// <summary>What a failover would do.</summary>
public sealed record FailoverPlan
{
    /// <summary>How the present home was found.</summary>
    public required HomeCondition Found { get; init; }

    /// <summary>The number of the home that a migration has left, which still stands and would serve at once; null when none does.</summary>
    public required long? StandingHome { get; init; }

    /// <summary>
    /// Whose infrastructure the new home would be on. Where that is a shared server and every one is full, it is Fly.io unless the
    /// request names it.
    /// </summary>
    public required HostingProvider Provider { get; init; }

    /// <summary>The plan for which the new home would be made. What the tenant pays for stays as it is.</summary>
    public required PlanId HomePlan { get; init; }

    /// <summary>The provider's region code.</summary>
    public required string Region { get; init; }

    /// <summary>The failover whose place it would take; null when none is under way.</summary>
    public required Guid? Replaces { get; init; }

    /// <summary>When the newest backup was finished, UTC; null when there is none. What was accepted later is in the journal.</summary>
    public required DateTimeOffset? NewestBackup { get; init; }
}
