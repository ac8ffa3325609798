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
    /// <summary>
    /// Copies what the source has beyond a moment, in one transaction at the target, which commits only when the rows read back
    /// are those that were sent.
    /// </summary>
    /// <param name="source">Where the tenant is written.</param>
    /// <param name="target">Where the tenant is expected.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="mark">The moment: an export's mark or the last round's.</param>
    /// <param name="cancellationToken">Interrupts it; the target is then as before.</param>
    /// <exception cref="MigrationMismatchException">The target has other rows than were sent.</exception>
    public async Task<CatchUpRound> RunAsync(
        TenantDatabaseAddress source,
        TenantDatabaseAddress target,
        Guid tenantId,
        string mark,
        CancellationToken cancellationToken)
    {
        if (!Snapshot().IsMatch(mark))
        {
            throw new ArgumentException($"'{mark}' is no moment of a database such as 10:20:10,14.", nameof(mark));
        }

        var begin = time.GetTimestamp();
        await using var snapshot = await SourceSnapshot.TakeAsync(connections, source, cancellationToken);
        await using var connection = await connections.OpenAsync(target, cancellationToken);
        var changes = await ListChangesAsync(snapshot.Transaction, tenantId, mark, cancellationToken);
        foreach (var (table, days) in changes)
        {
            foreach (var day in days)
            {
                await StagedRows.EnsurePartitionAsync(connection, table, day, cancellationToken);
            }
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var copied = new Copied(0, 0);
        foreach (var table in MovedTable.All)
        {
            copied += table.Time is null
                ? await ReplaceAsync(snapshot.Transaction, transaction, table, tenantId, cancellationToken)
                : await AddAsync(snapshot.Transaction, transaction, table, changes[table], tenantId, mark, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return new CatchUpRound(
            snapshot.Mark, copied.Rows, copied.Bytes, time.GetElapsedTime(begin), changes.Values.SelectMany(days => days).ToHashSet());
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

        var from = $"FROM {table.Table} WHERE {table.Where(tenantId)} AND {Since(mark)} AND ({string.Join(" OR ", days.Select(table.Within))})";
        var sent = await DigestAsync(source, table, from, cancellationToken);
        var staged = new StagedRows(target, table, tenantId);
        var bytes = await StreamAsync(source, staged, table, from, cancellationToken);
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
        var from = $"FROM {table.Table} WHERE {table.Where(tenantId)}";
        var wanted = await DigestAsync(source, table, from, cancellationToken);
        if (wanted == await DigestAsync(target, table, from, cancellationToken))
        {
            return new Copied(0, 0);
        }

        var staged = new StagedRows(target, table, tenantId);
        var bytes = await StreamAsync(source, staged, table, from, cancellationToken);
        await staged.ReplaceAsync(cancellationToken);
        ThrowWhenDifferent(table, day: null, wanted, await DigestAsync(target, table, from, cancellationToken));
        return new Copied(wanted.Rows, bytes);
    }

    private static async Task<long> StreamAsync(
        NpgsqlTransaction source, StagedRows staged, MovedTable table, string from, CancellationToken cancellationToken)
    {
        await using var rows = await source.Connection!.BeginRawBinaryCopyAsync(
            $"COPY (SELECT {table.Columns} {from}) TO STDOUT (FORMAT binary)", cancellationToken);
        return await staged.FillAsync(rows, cancellationToken);
    }

    private static async Task<RowDigest> DigestAsync(
        NpgsqlTransaction transaction, MovedTable table, string from, CancellationToken cancellationToken) =>
        (await transaction.Sql($"SELECT {RowDigest.Select(table)} {from}").FirstAsync(RowDigest.Read, cancellationToken))!;

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
