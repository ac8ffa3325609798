namespace WebHost.Migration;

/// <summary>What was copied is not what should have been. Trying again does not help before somebody has looked.</summary>
/// <param name="table">The table.</param>
/// <param name="day">The UTC day, where the table is divided by days.</param>
/// <param name="difference">What differs.</param>
/// <param name="inner">What was thrown on reading it.</param>
public sealed class MigrationMismatchException(string table, DateOnly? day, string difference, Exception? inner = null)
    : Exception(FormattableString.Invariant($"Table {table}{(day is { } d ? $", day {d:yyyy-MM-dd}" : "")}: {difference}."), inner)
{
    /// <summary>The table.</summary>
    public string Table { get; } = table;

    /// <summary>The UTC day, where the table is divided by days.</summary>
    public DateOnly? Day { get; } = day;

    /// <summary>Throws when there are differences, naming the first and how many there are.</summary>
    internal static void ThrowIfAny(IReadOnlyList<DigestDifference> differences)
    {
        if (differences is [var first, ..])
        {
            var more = differences.Count == 1 ? "" : $"; and {differences.Count - 1} more tables or days differ";
            throw new MigrationMismatchException(first.Table, first.Day, first.Difference + more);
        }
    }
}
