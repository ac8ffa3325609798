namespace WebHost.Local.Run.Story;

/// <summary>The plan that was chosen for a signup, and why.</summary>
internal sealed record Recommendation(string Plan, IReadOnlyList<RecommendationReason> Reasons);
