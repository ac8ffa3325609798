using Npgsql;
using WebHost.Data;
using WebHost.Json;

namespace WebHost.Monitoring;

/// <summary>What the watch has seen of the databases that serve tenants, in the control database.</summary>
public sealed class DatabaseHealthStore(ControlDatabase control)
{
    /// <summary>
    /// Between two looks at a lost database; after a longer pause its silence counts as seen from then on.
    /// </summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Notes what a look has shown. A look that began before the last one that was noted is left out, and a change is noted
    /// once, however many have seen it.
    /// </summary>
    /// <param name="databaseId">The database.</param>
    /// <param name="sight">What was seen.</param>
    /// <param name="at">When the look began, UTC.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>Whether the database was seen in another state before, or never.</returns>
    public async Task<bool> NoteAsync(
        Guid databaseId, DatabaseSight sight, DateTimeOffset at, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sight);
        return !await NoteSameAsync(databaseId, sight, at, cancellationToken) && await control.TransactAsync(
            async transaction =>
            {
                // Two who have seen the same change line up here; the second finds no row of the state before.
                var before = await transaction.Sql(
                    """
                    UPDATE database_health SET until = $3
                    WHERE database_id = $1 AND until IS NULL AND state <> $2 AND looked_at < $3
                    RETURNING answered_at, lost_since, seen_since, looked_at
                    """,
                    databaseId, sight.State, at).ListAsync(
                    row => (
                        AnsweredAt: row.MaybeValue<DateTimeOffset>(0),
                        LostSince: row.MaybeValue<DateTimeOffset>(1),
                        SeenSince: row.MaybeValue<DateTimeOffset>(2),
                        LookedAt: row.GetFieldValue<DateTimeOffset>(3)),
                    cancellationToken);
                var last = before.SingleOrDefault();
                return await transaction.Sql(
                    """
                    INSERT INTO database_health (
                        database_id, state, reason, since, looked_at, answered_at, lost_since, seen_since)
                    VALUES ($1, $2, $3, $4, $4, $5, $6, $7) ON CONFLICT DO NOTHING
                    """,
                    databaseId,
                    sight.State,
                    sight.Reason,
                    at,
                    sight.IsLost ? last.AnsweredAt : at,
                    sight.IsLost ? last.LostSince ?? at : null,
                    sight.IsLost ? (at - last.LookedAt <= LongestPause ? last.SeenSince : null) ?? at : null)
                    .RunAsync(cancellationToken) == 1;
            },
            cancellationToken);
    }

    /// <summary>Ends what is known of all databases but these, unless somebody has begun to look at them since.</summary>
    /// <param name="watched">The databases that are watched.</param>
    /// <param name="at">When that was so, UTC.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task EndOthersAsync(
        IReadOnlyCollection<Guid> watched, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql(
            "UPDATE database_health SET until = $2 WHERE until IS NULL AND looked_at < $2 AND NOT database_id = ANY ($1)",
            watched.ToArray(), at).RunAsync(cancellationToken);
    }

    /// <summary>Forgets what was over by then.</summary>
    public async Task PruneAsync(DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql("DELETE FROM database_health WHERE until < $1", until).RunAsync(cancellationToken);
    }

    /// <summary>How every database that is watched answers now.</summary>
    public async Task<IReadOnlyList<DatabaseCondition>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT database_id, state, reason, since, looked_at, answered_at, lost_since, seen_since
            FROM database_health WHERE until IS NULL ORDER BY looked_at
            """).ListAsync(Read, cancellationToken);
    }

    /// <summary>In which states a database was between two times, the earliest first. It need not exist any more.</summary>
    /// <param name="databaseId">The database.</param>
    /// <param name="from">States that ended before are left out.</param>
    /// <param name="to">States that began after are left out.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<DatabasePhase>> HistoryAsync(
        Guid databaseId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            SELECT state, reason, since, until FROM database_health
            WHERE database_id = $1 AND since <= $3 AND (until IS NULL OR until >= $2) ORDER BY since
            """,
            databaseId, from, to).ListAsync(
            row => new DatabasePhase(
                WireName.Parse<DatabaseState>(row.GetString(0)), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2),
                row.MaybeValue<DateTimeOffset>(3)),
            cancellationToken);
    }

    private async Task<bool> NoteSameAsync(
        Guid databaseId, DatabaseSight sight, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            """
            UPDATE database_health SET
                looked_at = greatest(looked_at, $3),
                answered_at = CASE WHEN $4 THEN answered_at ELSE greatest(looked_at, $3) END,
                seen_since = CASE WHEN $3 - looked_at > $5::interval AND $4 THEN $3 ELSE seen_since END
            WHERE database_id = $1 AND until IS NULL AND state = $2
            """,
            databaseId, sight.State, at, sight.IsLost, LongestPause).RunAsync(cancellationToken) == 1;
    }

    private static DatabaseCondition Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        WireName.Parse<DatabaseState>(row.GetString(1)),
        row.GetString(2),
        row.GetFieldValue<DateTimeOffset>(3),
        row.GetFieldValue<DateTimeOffset>(4),
        row.MaybeValue<DateTimeOffset>(5),
        row.MaybeValue<DateTimeOffset>(6),
        row.MaybeValue<DateTimeOffset>(7));
}
