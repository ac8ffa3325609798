using WebHost.Decisions;
using WebHost.Plans;

namespace WebHost.Migration;

/// <summary>Where a tenant would live, or lives, and what that brings in.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Mode">Shared or own infrastructure.</param>
/// <param name="Provider">Whose machines.</param>
/// <param name="Region">The home region's code; on a shared server, the region that is looked in first.</param>
/// <param name="MonthlyPriceUsd">What the customer pays a month.</param>
/// <param name="MonthlyCostUsd">The customer's share of the infrastructure's cost a month.</param>
/// <param name="MarginPercent">What remains of the price, in percent of it.</param>
public sealed record MoveEnd(
    PlanId Plan,
    HostingMode Mode,
    HostingProvider Provider,
    string Region,
    decimal MonthlyPriceUsd,
    decimal MonthlyCostUsd,
    decimal MarginPercent)
{
    internal static MoveEnd Of(Plan plan, string region) =>
        new(plan.Id, plan.Mode, plan.Pool.Provider, region, plan.MonthlyPriceUsd, plan.MonthlyCostUsd, plan.MarginPercent);
}

/// <summary>What moving a tenant means.</summary>
public sealed record MovePlan
{
    /// <summary>Why it moves.</summary>
    public required MoveKind Kind { get; init; }

    /// <summary>Where it lives.</summary>
    public required MoveEnd From { get; init; }

    /// <summary>Where it would live.</summary>
    public required MoveEnd To { get; init; }

    /// <summary>Rows by table.</summary>
    public required IReadOnlyDictionary<string, long> Rows { get; init; }

    /// <summary>An estimate of what moves, bytes.</summary>
    public required long Bytes { get; init; }

    /// <summary>The first UTC day whose points move; absent when all do.</summary>
    public DateOnly? RetainedSince { get; init; }

    /// <summary>Points that leave for the archive.</summary>
    public required long ArchivedPoints { get; init; }

    /// <summary>An estimate from the start to the switch, seconds.</summary>
    public required long EstimatedSeconds { get; init; }

    /// <summary>Writes of the API are refused for no longer than this, seconds; devices do not notice.</summary>
    public required double LongestPauseSeconds { get; init; }

    /// <summary>Whether the move would wait for a slot, because every shared server is full.</summary>
    public required bool WaitsForSlot { get; init; }

    /// <summary>Why this plan and this region.</summary>
    public required IReadOnlyList<DecisionReason> Reasons { get; init; }
}

/// <summary>Why a tenant cannot move where it should.</summary>
/// <param name="Rule">The rule that stands against it.</param>
/// <param name="Text">What it says, as a sentence.</param>
public sealed record MoveObstacle(string Rule, string Text);

/// <summary>What came of looking at a move: a plan, or everything that stands against it.</summary>
/// <param name="Plan">The plan; null when there are obstacles.</param>
/// <param name="Obstacles">All of them.</param>
public sealed record MoveAssessment(MovePlan? Plan, IReadOnlyList<MoveObstacle> Obstacles);
