using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Fleet;

/// <summary>
/// Gives each finished day's points a spatial index. A day that is still written has none: keeping one up to date costs
/// ingestion about a third of its rate, while making it at once, afterwards, takes seconds; and the points of one day are
/// soon read by the key. Late points keep the index of their day up to date.
/// </summary>
public sealed partial class PositionIndexKeeper(
    TenantDatabaseStore databases, TimeProvider time, ILogger<PositionIndexKeeper> logger)
{
    // Any constant will do as long as nothing else uses it.
    private const long IndexLock = 0x5765_6248_6F73_7402;

    // Time for phones that were out of reach to send the last of the day.
    private static readonly TimeSpan Grace = TimeSpan.FromHours(2);

    /// <summary>Goes through all databases; one that does not answer is left for the next time.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var databaseId in await databases.ListAsync(cancellationToken))
        {
            try
            {
                await RunAsync(await databases.GetAsync(databaseId, cancellationToken), cancellationToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
            {
                LogSkipped(logger, databaseId, exception);
            }
        }
    }

    /// <summary>
    /// Makes the indexes that a database lacks, one after the other, while the partitions are read and written.
    /// </summary>
    public async Task RunAsync(TenantDatabaseAddress database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        var admin = await databases.AdminLoginAsync(database, cancellationToken);
        admin.Settings.CommandTimeout = 0;
        await using var connection = await admin.OpenAsync(cancellationToken);

        // An index that another process is making looks like one whose making was cut off. The lock goes with the
        // connection.
        if (!await connection.Sql($"SELECT pg_try_advisory_lock({IndexLock})")
            .FirstAsync(row => row.GetBoolean(0), cancellationToken))
        {
            return;
        }

        foreach (var (partition, index, cutOff) in await ListLackingAsync(connection, cancellationToken))
        {
            if (cutOff is not null)
            {
                await connection.Sql($"DROP INDEX CONCURRENTLY {cutOff}").RunAsync(cancellationToken);
            }

            var begin = time.GetTimestamp();
            await connection.Sql($"CREATE INDEX CONCURRENTLY {index} ON {partition} USING gist (position)")
                .RunAsync(cancellationToken);
            LogMade(logger, database.Id, partition, time.GetElapsedTime(begin).TotalSeconds);
        }
    }

    // Partitions that are over, with the name of the index to make and, where one was begun and not finished, that index.
    private Task<List<(string Partition, string Index, string? CutOff)>> ListLackingAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken) =>
        connection.Sql(
            """
            SELECT p.name::text, quote_ident(c.relname || '_position'), begun.indexrelid::regclass::text
            FROM fleet.point_partitions() p
            JOIN pg_class c ON c.oid = p.name
            LEFT JOIN (pg_index begun JOIN pg_class named ON named.oid = begun.indexrelid)
                ON begun.indrelid = c.oid AND named.relname = c.relname || '_position'
            WHERE p.beyond <= $1 AND begun.indisvalid IS NOT TRUE
            ORDER BY p.first DESC
            """,
            time.GetUtcNow() - Grace).ListAsync(
            row => (row.GetString(0), row.GetString(1), row.Maybe<string>(2)), cancellationToken);

    [LoggerMessage(450, LogLevel.Information, "Database {DatabaseId}: {Partition} has a spatial index after {Seconds:0.0} s.")]
    private static partial void LogMade(ILogger logger, Guid databaseId, string partition, double seconds);

    [LoggerMessage(451, LogLevel.Warning, "Database {DatabaseId} did not get all its spatial indexes; the next run tries again.")]
    private static partial void LogSkipped(ILogger logger, Guid databaseId, Exception exception);
}
