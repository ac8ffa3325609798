namespace WebHost.Decisions;

/// <summary>Nothing on sale satisfies the request; the reasons say for each plan everything that stands against it.</summary>
/// <param name="Reasons">What stands against each plan.</param>
public sealed record Refusal(IReadOnlyList<DecisionReason> Reasons) : Decision(Reasons);
