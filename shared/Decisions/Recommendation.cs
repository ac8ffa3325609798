using WebHost.Plans;

namespace WebHost.Decisions;

/// <summary>Where a customer belongs, and why.</summary>
/// <param name="Plan">What to sell.</param>
/// <param name="Mode">Shared or own infrastructure.</param>
/// <param name="Provider">Whose machines.</param>
/// <param name="Region">The home region's code, where the database is.</param>
/// <param name="Regions">All regions' codes, the home region first.</param>
/// <param name="MonthlyPriceUsd">What the customer pays a month.</param>
/// <param name="MonthlyCostUsd">The customer's share of the infrastructure's cost a month.</param>
/// <param name="MarginPercent">What remains of the price, in percent of it.</param>
/// <param name="WorstRoundTripMs">The expected round trip in milliseconds from the farthest part of the fleet.</param>
/// <param name="Scores">How well it suits.</param>
/// <param name="Reasons">Why, in the order in which the rules spoke.</param>
/// <param name="Alternatives">The best way with each other plan that would do, the cheapest first.</param>
public sealed record Recommendation(
    PlanId Plan,
    HostingMode Mode,
    HostingProvider Provider,
    string Region,
    IReadOnlyList<string> Regions,
    decimal MonthlyPriceUsd,
    decimal MonthlyCostUsd,
    decimal MarginPercent,
    int WorstRoundTripMs,
    CandidateScores Scores,
    IReadOnlyList<DecisionReason> Reasons,
    IReadOnlyList<Candidate> Alternatives) : Decision(Reasons);
