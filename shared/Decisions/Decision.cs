namespace WebHost.Decisions;

/// <summary>What the engine came to: a <see cref="Recommendation"/> or a <see cref="Refusal"/>.</summary>
/// <param name="Reasons">Why, in the order in which the rules spoke.</param>
public abstract record Decision(IReadOnlyList<DecisionReason> Reasons);
