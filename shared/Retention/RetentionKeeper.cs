using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Retention;

/// <summary>
/// Removes points and quarantined messages that are older than the tenant's plan keeps them, by whole UTC days. A partition
/// in which nobody has a point to keep is dropped, which costs nothing whatever its size; on a database of a tenant's own
/// that is all there is to do. Elsewhere rows are deleted in small steps, each a transaction, so that no write waits long
/// for one.
/// </summary>
public sealed partial class RetentionKeeper(
    PlacementStore placements, TenantDatabaseStore databases, TimeProvider time, ILogger<RetentionKeeper> logger)
{
    /// <summary>A step deletes at most so many rows: some tens of milliseconds.</summary>
    public const int StepRows = 5_000;

    // Dropping waits for those who read, and everybody who comes later waits behind it: not for longer than this.
    private const string LockTimeout = "500ms";

    // What is left when it is over waits for the next run. The hosts end a timer's function after ten minutes.
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(8);

    /// <summary>The first moment of which a plan keeps points: the beginning, in UTC, of the day so many days ago.</summary>
    public static DateTimeOffset Cutoff(PlanLimits limits, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return new DateTimeOffset(now.UtcDateTime.Date.AddDays(-limits.RetentionDays), TimeSpan.Zero);
    }

    /// <summary>Goes through all databases; one that does not answer is left for the next time.</summary>
    /// <returns>How much went.</returns>
    public async Task<RetentionResult> RunAsync(CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        var now = time.GetUtcNow();
        var removed = new RetentionResult(0, 0);
        foreach (var group in (await placements.ListServedAsync(cancellationToken)).GroupBy(served => served.DatabaseId!.Value))
        {
            try
            {
                var cutoffs = group.ToDictionary(
                    served => served.TenantId, served => Cutoff(PlanCatalog.Standard.Get(served.Plan).Limits, now));
                removed += await RunAsync(
                    group.Key, cutoffs, () => time.GetElapsedTime(begin) < LongestRun, cancellationToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
            {
                LogSkipped(logger, group.Key, exception);
            }
        }

        return removed;
    }

    private async Task<RetentionResult> RunAsync(
        Guid databaseId, Dictionary<Guid, DateTimeOffset> cutoffs, Func<bool> goOn, CancellationToken cancellationToken)
    {
        var database = await databases.GetAsync(databaseId, cancellationToken);
        await using var connection =
            await (await databases.AdminLoginAsync(database, cancellationToken)).OpenAsync(cancellationToken);
        await connection.Sql($"SET lock_timeout = '{LockTimeout}'").RunAsync(cancellationToken);

        var partitions = await DropAsync(connection, databaseId, cutoffs, goOn, cancellationToken);
        var rows = 0L;
        foreach (var (tenantId, cutoff) in cutoffs)
        {
            rows += await DeleteAsync(connection, tenantId, cutoff, goOn, cancellationToken);
        }

        return new RetentionResult(partitions, rows);
    }

    private async Task<int> DropAsync(
        NpgsqlConnection connection,
        Guid databaseId,
        Dictionary<Guid, DateTimeOffset> cutoffs,
        Func<bool> goOn,
        CancellationToken cancellationToken)
    {
        var dropped = 0;
        try
        {
            while (goOn() && await connection.Sql(
                "SELECT fleet.expire_partition($1, $2)",
                cutoffs.Keys.ToArray(),
                cutoffs.Values.Select(cutoff => cutoff.UtcDateTime).ToArray())
                .FirstAsync(row => row.Maybe<string>(0), cancellationToken)
                is { } partition)
            {
                dropped++;
                LogDropped(logger, databaseId, partition);
            }
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            LogBusy(logger, databaseId, busy);
        }

        return dropped;
    }

    private async Task<long> DeleteAsync(
        NpgsqlConnection connection,
        Guid tenantId,
        DateTimeOffset cutoff,
        Func<bool> goOn,
        CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        var (total, steps) = (0L, 0);
        int? deleted = StepRows;
        while (deleted >= StepRows && goOn())
        {
            deleted = await connection.Sql("SELECT fleet.expire_points($1, $2, $3)", tenantId, cutoff, StepRows)
                .FirstAsync(row => row.MaybeValue<int>(0), cancellationToken);
            total += deleted ?? 0;
            steps++;
        }

        if (deleted is null)
        {
            LogHeld(logger, tenantId);
        }

        if (total > 0)
        {
            LogDeleted(logger, tenantId, total, cutoff, steps, time.GetElapsedTime(begin).TotalSeconds);
        }

        return total;
    }

    [LoggerMessage(440, LogLevel.Warning, "Database {DatabaseId}: nothing more was removed for its age; the next run tries again.")]
    private static partial void LogSkipped(ILogger logger, Guid databaseId, Exception exception);

    [LoggerMessage(441, LogLevel.Information, "Database {DatabaseId}: dropped {Partition}, in which nobody keeps a point.")]
    private static partial void LogDropped(ILogger logger, Guid databaseId, string partition);

    [LoggerMessage(442, LogLevel.Warning, "Database {DatabaseId}: no partition could be dropped, since points are being read; the next run tries again.")]
    private static partial void LogBusy(ILogger logger, Guid databaseId, Exception exception);

    [LoggerMessage(443, LogLevel.Information, "Tenant {TenantId}: deleted {Rows} rows from before {Cutoff} in {Steps} steps, {Seconds:0.0} s.")]
    private static partial void LogDeleted(
        ILogger logger, Guid tenantId, long rows, DateTimeOffset cutoff, int steps, double seconds);

    [LoggerMessage(444, LogLevel.Information, "Tenant {TenantId}: keeps its old points for now, since it is being moved.")]
    private static partial void LogHeld(ILogger logger, Guid tenantId);
}

/// <summary>How much a run removed.</summary>
/// <param name="Partitions">Partitions dropped.</param>
/// <param name="Rows">Rows deleted from others.</param>
public sealed record RetentionResult(int Partitions, long Rows)
{
    /// <summary>Both together.</summary>
    public static RetentionResult operator +(RetentionResult left, RetentionResult right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new RetentionResult(left.Partitions + right.Partitions, left.Rows + right.Rows);
    }
}
