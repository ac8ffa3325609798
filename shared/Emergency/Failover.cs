using System.Text.Json;
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
}

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
