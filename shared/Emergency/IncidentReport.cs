using System.Text.Json;

namespace WebHost.Emergency;

/// <summary>What failed, when it was seen, what was done when, and what was lost.</summary>
public sealed record IncidentReport
{
    /// <summary>The failover.</summary>
    public required Guid OperationId { get; init; }

    /// <summary>Whose home was lost.</summary>
    public required Guid TenantId { get; init; }

    /// <summary>The company's name.</summary>
    public required string Company { get; init; }

    /// <summary>Whether nothing will change any more.</summary>
    public required bool IsFinal { get; init; }

    /// <summary>When it was written, UTC.</summary>
    public required DateTimeOffset WrittenAt { get; init; }

    /// <summary>What happened, for somebody who reads nothing else.</summary>
    public required string Summary { get; init; }

    /// <summary>What the evidence says of the cause.</summary>
    public required IReadOnlyList<string> Cause { get; init; }

    /// <summary>When what happened.</summary>
    public required IncidentTimes Times { get; init; }

    /// <summary>What was noticed and done, in the order of time.</summary>
    public required IReadOnlyList<IncidentEvent> Timeline { get; init; }

    /// <summary>From what the history was brought back; null before.</summary>
    public RestoredHistory? Restored { get; init; }

    /// <summary>How that was verified; null before.</summary>
    public VerifiedHistory? Verified { get; init; }

    /// <summary>What is lost, or may be, a sentence each; nothing when empty.</summary>
    public required IReadOnlyList<string> Lost { get; init; }

    /// <summary>The homes that were left behind.</summary>
    public required IReadOnlyList<IncidentHome> Homes { get; init; }

    /// <summary>The limits that matter to the tenant, and how near they are.</summary>
    public required IReadOnlyList<IncidentLimit> Limits { get; init; }
}

/// <summary>When what happened in an incident; null what has not happened, or was not noticed.</summary>
/// <param name="FirstSeen">The first sign that something is wrong, UTC.</param>
/// <param name="Accepted">The failover was accepted, UTC.</param>
/// <param name="Switched">The new home took points, UTC.</param>
/// <param name="Restored">The history was whole and verified, UTC.</param>
/// <param name="Ended">Nothing was left to do, UTC.</param>
public sealed record IncidentTimes(
    DateTimeOffset? FirstSeen,
    DateTimeOffset Accepted,
    DateTimeOffset? Switched,
    DateTimeOffset? Restored,
    DateTimeOffset? Ended)
{
    /// <summary>From the acceptance until points were taken again, seconds.</summary>
    public double? SecondsToIngest => (Switched - Accepted)?.TotalSeconds;

    /// <summary>From the acceptance until the history was whole, seconds.</summary>
    public double? SecondsToFullHistory => (Restored - Accepted)?.TotalSeconds;
}

/// <summary>Something that was noticed or done.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="By">Who says so: "health", "alert", "operation", "vendor".</param>
/// <param name="Text">What.</param>
public sealed record IncidentEvent(DateTimeOffset At, string By, string Text);

/// <summary>A home that was left behind.</summary>
/// <param name="Home">Its number.</param>
/// <param name="Place">Whose infrastructure it was on, and where.</param>
/// <param name="Outcome">What has become of it.</param>
/// <param name="OutcomeAt">When that was known, UTC.</param>
/// <param name="Report">What was fetched from it, with what could not be and an operator should look at.</param>
public sealed record IncidentHome(
    long Home, string Place, HomeOutcome Outcome, DateTimeOffset? OutcomeAt, JsonElement? Report);

/// <summary>A limit.</summary>
/// <param name="Name">Of what.</param>
/// <param name="Used">How much is used.</param>
/// <param name="Limit">How much there is.</param>
/// <param name="Unit">Of both.</param>
public sealed record IncidentLimit(string Name, double Used, double Limit, string Unit)
{
    private const double Near = 0.8;

    /// <summary>Whether four fifths are used, or more.</summary>
    public bool IsNear => Limit > 0 && Used / Limit >= Near;
}
