namespace WebHost.Fleet;

/// <summary>What a caller expects of the row that it changes; where the row is otherwise, nothing is changed.</summary>
/// <param name="Version">At this version; whatever version when null.</param>
/// <param name="MayCreate">Whether the row may be new.</param>
public readonly record struct RowExpectation(long? Version, bool MayCreate)
{
    /// <summary>Whether it is there or not, and at whatever version.</summary>
    public static RowExpectation Anything => new(null, true);

    /// <summary>That it is not there. Versions begin at 1, so no row is at this one.</summary>
    public static RowExpectation Absent => new(0, true);

    /// <summary>That it is there, at whatever version.</summary>
    public static RowExpectation Present => new(null, false);

    /// <summary>That it is there at a version.</summary>
    public static RowExpectation At(long version) => new(version, false);
}
