namespace WebHost.Migration;

/// <summary>What one round of catching up did.</summary>
/// <param name="Rows">Rows copied.</param>
/// <param name="Bytes">Bytes copied.</param>
/// <param name="Lag">How old the moment that the target has reached was when it had reached it.</param>
public sealed record CatchUpRound(long Rows, long Bytes, TimeSpan Lag);

/// <summary>What a round of catching up compares beside the rows that it copies, which it always reads back.</summary>
/// <param name="Whole">Whether it compares all of the tenant's rows at the moment that it copies up to.</param>
/// <param name="Since">Of what is divided by days, only this UTC day and later ones; all when null.</param>
public sealed record Comparison(bool Whole, DateOnly? Since)
{
    /// <summary>The rows copied, no others.</summary>
    public static Comparison OfChanges { get; } = new(false, null);

    /// <summary>All of the tenant's rows.</summary>
    public static Comparison OfAll { get; } = new(true, null);

    /// <summary>All rows but those of days before a day.</summary>
    public static Comparison OfAllSince(DateOnly? day) => new(true, day);
}
