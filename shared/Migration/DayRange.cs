namespace WebHost.Migration;

/// <summary>A range of UTC days.</summary>
/// <param name="First">The first day; all from the beginning when null.</param>
/// <param name="Before">The day behind the last one; all to the end when null.</param>
public sealed record DayRange(DateOnly? First, DateOnly? Before)
{
    /// <summary>Every day.</summary>
    public static DayRange All { get; } = new(null, null);

    /// <summary>A day and all later ones; every day when null.</summary>
    public static DayRange From(DateOnly? first) => new(first, null);

    /// <summary>All days before one.</summary>
    public static DayRange Until(DateOnly before) => new(null, before);
}
