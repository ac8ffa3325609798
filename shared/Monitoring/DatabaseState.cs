namespace WebHost.Monitoring;

/// <summary>How a database answers.</summary>
public enum DatabaseState
{
    /// <summary>It takes writes.</summary>
    Answering,

    /// <summary>It takes writes, but late, or has no connection free.</summary>
    Slow,

    /// <summary>It does not answer, or refuses to; what it has may come back.</summary>
    Silent,

    /// <summary>Its server answers and does not have it: what was in it is lost.</summary>
    Gone,
}

/// <summary>What a look at a database has shown.</summary>
/// <param name="State">How it answers.</param>
/// <param name="Reason">What was seen, in a sentence, without names of hosts.</param>
public sealed record DatabaseSight(DatabaseState State, string Reason)
{
    /// <summary>Whether the database serves nobody.</summary>
    public bool IsLost => State is DatabaseState.Silent or DatabaseState.Gone;
}

/// <summary>A time in which a database was in one state.</summary>
/// <param name="State">How it answered.</param>
/// <param name="Reason">What was seen at first, in a sentence, without names of hosts.</param>
/// <param name="Since">When the look began that showed it first, UTC.</param>
/// <param name="Until">When the look began that showed something else, UTC; null when that has not happened.</param>
public sealed record DatabasePhase(DatabaseState State, string Reason, DateTimeOffset Since, DateTimeOffset? Until);

/// <summary>How a database answers now.</summary>
/// <param name="DatabaseId">The database.</param>
/// <param name="State">How it answers.</param>
/// <param name="Reason">What was seen at first, in a sentence, without names of hosts.</param>
/// <param name="Since">When the look began that showed it first, UTC.</param>
/// <param name="LookedAt">When the last look began, UTC.</param>
/// <param name="AnsweredAt">When the last look began that was answered, UTC; null when none was.</param>
/// <param name="LostSince">Since when it serves nobody, UTC; null when it serves.</param>
/// <param name="SeenSince">
/// Since when it was seen to serve nobody without a long pause between two looks, UTC; null when it serves.
/// </param>
public sealed record DatabaseCondition(
    Guid DatabaseId,
    DatabaseState State,
    string Reason,
    DateTimeOffset Since,
    DateTimeOffset LookedAt,
    DateTimeOffset? AnsweredAt,
    DateTimeOffset? LostSince,
    DateTimeOffset? SeenSince);
