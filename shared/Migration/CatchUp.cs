using System.Text.RegularExpressions;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Brings a target from one moment of the source to a later one, while the source goes on taking writes. Rounds get shorter
/// as the target comes closer; the last one runs when the source is fenced. The other direction is the same with source and
/// target changed.
/// </summary>
public sealed partial class CatchUp(MovingConnections connections, TimeProvider time)
{
    /// <summary>Says from which moment of the source a target is to catch up, unless that is known.</summary>
    /// <param name="target">Where the tenant is expected.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="mark">The moment: an export's mark, when the export has been imported.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="FenceRefusedException">The target serves the tenant, or does not know it.</exception>
    public async Task BeginAsync(
        TenantDatabaseAddress target, Guid tenantId, string mark, CancellationToken cancellationToken)
    {
        if (!Snapshot().IsMatch(mark))
        {
            throw new ArgumentException($"'{mark}' is no moment of a database such as 10:20:10,14.", nameof(mark));
        }

        await using var connection = await connections.OpenAsync(target, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await AwayTenant.TakeAsync(transaction, tenantId, cancellationToken) is null)
        {
            await AwayTenant.MarkAsync(transaction, tenantId, mark, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Has a database that handed a tenant over catch up with the one that is about to take over: from this moment of the latter,
    /// in which nobody has written the tenant yet.
    /// </summary>
    /// <exception cref="FenceRefusedException"><paramref name="left"/> serves the tenant, or does not know it.</exception>
    public async Task BeginBackAsync(
        TenantDatabaseAddress taking, TenantDatabaseAddress left, Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(taking, cancellationToken);
        var moment = await connection.Sql("SELECT pg_current_snapshot()::text")
            .FirstAsync(row => row.GetString(0), cancellationToken);
        await BeginAsync(left, tenantId, moment!, cancellationToken);
    }

    /// <summary>
    /// Copies what the source has beyond the moment that the target has reached, in one transaction at the target, which commits
    /// only when the rows read back are those that were sent. Rounds for one tenant and target take turns.
    /// </summary>
    /// <param name="source">Where the tenant is written.</param>
    /// <param name="target">Where the tenant is expected.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="compare">What is compared beside that.</param>
    /// <param name="cancellationToken">Interrupts it; the target is then as before.</param>
    /// <exception cref="MigrationMismatchException">The target has other rows than the source.</exception>
    /// <exception cref="FenceRefusedException">The target serves the tenant, or does not know it.</exception>
    public async Task<CatchUpRound> RunAsync(
        TenantDatabaseAddress source,
        TenantDatabaseAddress target,
        Guid tenantId,
        Comparison compare,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(compare);
        await using var connection = await connections.OpenAsync(target, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var mark = await AwayTenant.TakeAsync(transaction, tenantId, cancellationToken)
            ?? throw new InvalidOperationException($"Database {target.Name} has nothing of tenant {tenantId} from which to catch up.");

        // Taken only now: a round never knows less than the one before it.
        await using var snapshot = await SourceSnapshot.TakeAsync(connections, source, cancellationToken);
        var begin = time.GetTimestamp();
        var changes = await ListChangesAsync(snapshot.Transaction, tenantId, mark, cancellationToken);
        await EnsurePartitionsAsync(target, changes, cancellationToken);
        var copied = new Copied(0, 0);
        foreach (var table in MovedTable.All)
        {
            copied += table.Time is null
                ? await ReplaceAsync(snapshot.Transaction, transaction, table, tenantId, cancellationToken)
                : await AddAsync(snapshot.Transaction, transaction, table, changes[table], tenantId, mark, cancellationToken);
        }

        if (compare.Whole)
        {
            await CompareAsync(snapshot.Transaction, transaction, tenantId, compare.Since, cancellationToken);
        }

        await AwayTenant.MarkAsync(transaction, tenantId, snapshot.Mark, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new CatchUpRound(copied.Rows, copied.Bytes, time.GetElapsedTime(begin));
    }

    private static async Task CompareAsync(
        NpgsqlTransaction source, NpgsqlTransaction target, Guid tenantId, DateOnly? since, CancellationToken cancellationToken)
    {
        var atTarget = TenantDigest.ReadAsync(target, tenantId, since, cancellationToken);
        var atSource = TenantDigest.ReadAsync(source, tenantId, since, cancellationToken);
        await Task.WhenAll(atSource, atTarget);
        MigrationMismatchException.ThrowIfAny((await atSource).CompareTo(await atTarget));
    }

    // In transactions of their own, on a connection of their own, so that nobody waits for the rows.
    private async Task EnsurePartitionsAsync(
        TenantDatabaseAddress target, Dictionary<MovedTable, List<DateOnly>> changes, CancellationToken cancellationToken)
    {
        if (changes.All(change => !change.Key.Partitioned || change.Value.Count == 0))
        {
            return;
        }

        await using var connection = await connections.OpenAsync(target, cancellationToken);
        foreach (var (table, days) in changes)
        {
            foreach (var day in days)
            {
                await StagedRows.EnsurePartitionAsync(connection, table, day, cancellationToken);
            }
        }
    }

    // Every row written by a transaction that the moment does not include. The first comparison is the one with an index.
    private static string Since(string mark) =>
        $"""
        written_by >= pg_snapshot_xmin('{mark}')::text::bigint
        AND NOT pg_visible_in_snapshot(written_by::text::xid8, '{mark}')
        """;

    private static async Task<Dictionary<MovedTable, List<DateOnly>>> ListChangesAsync(
        NpgsqlTransaction source, Guid tenantId, string mark, CancellationToken cancellationToken)
    {
        var changes = new Dictionary<MovedTable, List<DateOnly>>();
        foreach (var table in MovedTable.All.Where(table => table.Time is not null))
        {
            changes[table] = await source.Sql(
                $"SELECT DISTINCT {table.Day} FROM {table.Table} WHERE {table.Where(tenantId)} AND {Since(mark)}")
                .ListAsync(row => row.GetFieldValue<DateOnly>(0), cancellationToken);
        }

        return changes;
    }

    private static async Task<Copied> AddAsync(
        NpgsqlTransaction source,
        NpgsqlTransaction target,
        MovedTable table,
        List<DateOnly> days,
        Guid tenantId,
        string mark,
        CancellationToken cancellationToken)
    {
        if (days.Count == 0)
        {
            return new Copied(0, 0);
        }

        var where = $"{table.Where(tenantId)} AND {Since(mark)} AND ({string.Join(" OR ", days.Select(table.Within))})";
        var changed = new SourceRows(source, table, where);
        var sent = await changed.DigestAsync(cancellationToken);
        var staged = new StagedRows(target, table, tenantId);
        var bytes = await StreamAsync(changed, staged, cancellationToken);
        await staged.AddAsync(cancellationToken);
        ThrowWhenDifferent(table, days is [var only] ? only : null, sent, await staged.AppliedDigestAsync(cancellationToken));
        return new Copied(sent.Rows, bytes);
    }

    private static async Task<Copied> ReplaceAsync(
        NpgsqlTransaction source,
        NpgsqlTransaction target,
        MovedTable table,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        var there = new SourceRows(source, table, table.Where(tenantId));
        var here = new SourceRows(target, table, table.Where(tenantId));
        var wanted = await there.DigestAsync(cancellationToken);
        if (wanted == await here.DigestAsync(cancellationToken))
        {
            return new Copied(0, 0);
        }

        var staged = new StagedRows(target, table, tenantId);
        var bytes = await StreamAsync(there, staged, cancellationToken);
        await staged.ReplaceAsync(cancellationToken);
        ThrowWhenDifferent(table, day: null, wanted, await here.DigestAsync(cancellationToken));
        return new Copied(wanted.Rows, bytes);
    }

    private static async Task<long> StreamAsync(SourceRows source, StagedRows staged, CancellationToken cancellationToken)
    {
        await using var rows = await source.OpenAsync(cancellationToken);
        return await staged.FillAsync(rows, cancellationToken);
    }

    private static void ThrowWhenDifferent(MovedTable table, DateOnly? day, RowDigest source, RowDigest target)
    {
        if (source.DifferenceFrom(target, "at the source", "at the target") is { } difference)
        {
            throw new MigrationMismatchException(table.Name, day, difference);
        }
    }

    [GeneratedRegex(@"^\d+:\d+:[\d,]*\z")]
    private static partial Regex Snapshot();

    private readonly record struct Copied(long Rows, long Bytes)
    {
        public static Copied operator +(Copied left, Copied right) => new(left.Rows + right.Rows, left.Bytes + right.Bytes);
    }
}
