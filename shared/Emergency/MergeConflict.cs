using System.Text.Json;

namespace WebHost.Emergency;

/// <summary>
/// A row that was changed at the source and could not be taken: the target's stays, and somebody has to look.
/// </summary>
/// <param name="Table">The table.</param>
/// <param name="Key">The row's key.</param>
/// <param name="Reason">Why it was not taken.</param>
/// <param name="Source">The row at the source, geometry as GeoJSON; absent when it was deleted there.</param>
/// <param name="Target">The row at the target, likewise.</param>
/// <param name="SourceUpdatedAt">When it was last changed at the source, UTC, where the table says.</param>
/// <param name="TargetUpdatedAt">When it was last changed at the target, UTC, where the table says.</param>
public sealed record MergeConflict(
    string Table,
    JsonElement Key,
    MergeConflictReason Reason,
    JsonElement? Source,
    JsonElement? Target,
    DateTimeOffset? SourceUpdatedAt,
    DateTimeOffset? TargetUpdatedAt);

/// <summary>Why a row of the source was not taken.</summary>
public enum MergeConflictReason
{
    /// <summary>It was changed on both sides, or it differs and no backup says who changed it.</summary>
    BothChanged,

    /// <summary>It was deleted at the source and changed at the target.</summary>
    DeletedAtSource,

    /// <summary>It was changed at the source and deleted at the target.</summary>
    DeletedAtTarget,

    /// <summary>It was deleted at the source, and the target has referred to it since.</summary>
    StillUsed,

    /// <summary>It refers to what was deleted at the target.</summary>
    RefersToDeleted,
}
