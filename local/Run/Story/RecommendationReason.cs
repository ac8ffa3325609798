namespace WebHost.Local.Run.Story;

internal sealed record RecommendationReason(string Rule, string Text);
