using WebHost.Plans;

namespace WebHost.Decisions;

/// <summary>One step of a decision.</summary>
/// <param name="Rule">The rule that spoke.</param>
/// <param name="Text">What it said, as a sentence.</param>
/// <param name="Plan">The plan it is about, all when absent.</param>
public sealed record DecisionReason(string Rule, string Text, PlanId? Plan = null);
