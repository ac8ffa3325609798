namespace WebHost.Migration;

/// <summary>What one round of catching up did.</summary>
/// <param name="Mark">The moment of the source that the target has reached; the next round's beginning.</param>
/// <param name="Rows">Rows copied.</param>
/// <param name="Bytes">Bytes copied.</param>
/// <param name="Lag">How old that moment was when the target had reached it.</param>
/// <param name="Days">The UTC days of which rows were copied in tables that are divided by days.</param>
public sealed record CatchUpRound(string Mark, long Rows, long Bytes, TimeSpan Lag, IReadOnlySet<DateOnly> Days);
