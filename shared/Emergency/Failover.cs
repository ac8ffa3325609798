using System.Text.Json;
using WebHost.Migration;
using WebHost.Plans;

namespace WebHost.Emergency;

/// <summary>A tenant whose home is lost, on its way to another one.</summary>
public sealed record Failover
{
    /// <summary>The operation that carries it out.</summary>
    public required Guid OperationId { get; init; }

    /// <summary>Whose home is lost.</summary>
    public required Guid TenantId { get; init; }

    /// <summary>The failover of a whole server of which it is a part; null when it was asked for alone.</summary>
    public Guid? PartOf { get; init; }

    /// <summary>How far it is.</summary>
    public required FailoverState State { get; init; }

    /// <summary>Why, in the words of whoever wanted it.</summary>
    public required string Reason { get; init; }

    /// <summary>Of tenants who wait, the one with the larger number comes first.</summary>
    public required int Importance { get; init; }

    /// <summary>Number of the home that is lost.</summary>
    public required long SourceHome { get; init; }

    /// <summary>That home's database, which may be forgotten.</summary>
    public required Guid SourceDatabase { get; init; }

    /// <summary>Number of the home that takes its place.</summary>
    public required long TargetHome { get; init; }

    /// <summary>When it was accepted, UTC.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the new home first served, UTC; null before.</summary>
    public DateTimeOffset? SwitchedAt { get; init; }

    /// <summary>When everything that can be restored was there and verified, UTC; null before.</summary>
    public DateTimeOffset? RestoredAt { get; init; }

    /// <summary>When it was over, UTC; null before.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What its steps have found out, by name.</summary>
    public JsonElement Facts { get; init; }

    // Above what any fleet has, so that a dearer plan always comes first.
    private const int VehiclesCounted = 9_999;

    /// <summary>The state in which one begins: whether there is a way back depends on whose place it takes.</summary>
    public static FailoverState StateAfter(ReplacedOperations replaced) =>
        replaced is { Failover: null, Move: null } ? FailoverState.Preparing : FailoverState.Replacing;

    /// <summary>How important a tenant is among those who wait: who pays more comes first, and of those the larger fleet.</summary>
    public static int ImportanceOf(PlanId plan, int vehicles) =>
        ((int)PlanCatalog.Standard.Get(plan).MonthlyPriceUsd * (VehiclesCounted + 1)) + Math.Min(VehiclesCounted, vehicles);
}

/// <summary>What of a tenant's has ended so that a failover takes its place.</summary>
/// <param name="Failover">The failover; null when none was under way.</param>
/// <param name="Move">The migration; null when none was under way of which more was left than to remove a home.</param>
public sealed record ReplacedOperations(Failover? Failover, Move? Move)
{
    /// <summary>The operations, of which there may be none.</summary>
    public IEnumerable<Guid> OperationIds => new[] { Failover?.OperationId, Move?.OperationId }.OfType<Guid>();
}

/// <summary>How far the failovers of a server's tenants are.</summary>
/// <param name="Waiting">Tenants who have not been begun with.</param>
/// <param name="Preparing">Those who get a new home.</param>
/// <param name="Restoring">Those who are served, and whose history is being restored.</param>
/// <param name="Restored">Those who are served and whole.</param>
/// <param name="GivenUp">Those whose failover was given up, or replaced by another.</param>
/// <param name="Stalled">Of all these, those whose failover waits for an operator.</param>
/// <param name="SecondsToIngest">From the acceptance until the last one so far was served.</param>
/// <param name="SecondsToFullHistory">From the acceptance until the last one so far was whole.</param>
public sealed record ServerFailoverProgress(
    int Waiting,
    int Preparing,
    int Restoring,
    int Restored,
    int GivenUp,
    int Stalled,
    double? SecondsToIngest,
    double? SecondsToFullHistory);

/// <summary>A home that a tenant has left behind in a failover.</summary>
/// <param name="Home">Its number.</param>
/// <param name="Provider">Whose infrastructure it is on.</param>
/// <param name="MadeBy">The operation that made it; null when that was before homes were counted.</param>
/// <param name="DatabaseId">Its database; null when it never had one, or has none any more.</param>
/// <param name="Served">Whether it ever served: only then it may have rows that no other home has.</param>
/// <param name="Outcome">What has become of it.</param>
/// <param name="OutcomeAt">When that was known, UTC.</param>
/// <param name="Report">What was fetched from it, and what could not be; null when nothing was looked for.</param>
public sealed record HomeLeft(
    long Home,
    HostingProvider Provider,
    Guid? MadeBy,
    Guid? DatabaseId,
    bool Served,
    HomeOutcome Outcome,
    DateTimeOffset? OutcomeAt,
    JsonElement? Report);

/// <summary>What has become of a home that was left behind.</summary>
public enum HomeOutcome
{
    /// <summary>It may come back.</summary>
    Awaited,

    /// <summary>It came back, was fenced, and what only it had was fetched.</summary>
    Reconciled,

    /// <summary>Its server answers and has nothing of the tenant any more.</summary>
    Gone,

    /// <summary>It was not waited for any longer.</summary>
    GivenUp,

    /// <summary>It never served, so there is nothing to fetch.</summary>
    NeverServed,
}
