namespace WebHost.Operations;

/// <summary>A step that cannot go on by itself.</summary>
/// <param name="Step">Its name; null when nothing failed.</param>
/// <param name="Reason">In the words of whoever refused.</param>
/// <param name="LeftBehind">Steps that could not be taken back.</param>
public sealed record StalledStep(string? Step, string Reason, IReadOnlyList<string> LeftBehind);
