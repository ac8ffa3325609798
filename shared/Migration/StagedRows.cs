using Npgsql;
using WebHost.Data;

namespace WebHost.Migration;

/// <summary>
/// Rows on their way into a target's table: streamed into a temporary table of the connection, compared there with what
/// should have arrived, and then applied. Everything is repeatable.
/// </summary>
internal sealed class StagedRows(NpgsqlTransaction target, MovedTable table, Guid tenantId)
{
    private const int CopyBufferBytes = 128 << 10;

    private string Overwrite => string.Join(", ", table.Content.Select(column => $"{column} = excluded.{column}"));

    private string Staging => $"moving_{table.Name}";

    private string Applied =>
        $"FROM {Staging} s JOIN {table.Table} t ON t.{table.Where(tenantId)} AND {table.SameKey("s", "t")}";

    private string Differs => $"{table.SaidBy("s")} IS DISTINCT FROM {table.SaidBy("t")}";

    /// <summary>Makes the partition of a day, in a transaction of its own, so that nobody waits for the rows.</summary>
    public static async Task EnsurePartitionAsync(
        NpgsqlConnection target, MovedTable table, DateOnly day, CancellationToken cancellationToken)
    {
        if (table.Partitioned)
        {
            await target.Sql("SELECT fleet.ensure_partition($1)", day).RunAsync(cancellationToken);
        }
    }

    /// <summary>Streams rows in COPY's binary format into the temporary table, which is empty before.</summary>
    /// <returns>The bytes read.</returns>
    public async Task<long> FillAsync(Stream rows, CancellationToken cancellationToken)
    {
        await target.Sql(
            $"""
            CREATE TEMP TABLE IF NOT EXISTS {Staging} ON COMMIT DELETE ROWS AS
            SELECT {table.Columns} FROM {table.Table} WITH NO DATA
            """).RunAsync(cancellationToken);
        await target.Sql($"TRUNCATE {Staging}").RunAsync(cancellationToken);
        return await CopyAsync(target, Staging, table.Columns, rows, cancellationToken);
    }

    /// <summary>Streams rows in COPY's binary format into a table.</summary>
    /// <returns>The bytes read.</returns>
    public static async Task<long> CopyAsync(
        NpgsqlTransaction target, string into, string columns, Stream rows, CancellationToken cancellationToken)
    {
        await using var copy = await target.Connection!.BeginRawBinaryCopyAsync(
            $"COPY {into} ({columns}) FROM STDIN (FORMAT binary)", cancellationToken);
        try
        {
            var buffer = new byte[CopyBufferBytes];
            var bytes = 0L;
            int read;
            while ((read = await rows.ReadAsync(buffer, cancellationToken)) > 0)
            {
                await copy.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                bytes += read;
            }

            return bytes;
        }
        catch
        {
            // Disposing of it would otherwise end the copy as if all rows had come.
            await copy.CancelAsync();
            throw;
        }
    }

    /// <summary>The digest of the rows that have arrived.</summary>
    public async Task<RowDigest> DigestAsync(CancellationToken cancellationToken) =>
        (await target.Sql($"SELECT {RowDigest.Select(table)} FROM {Staging}").FirstAsync(RowDigest.Read, cancellationToken))!;

    /// <summary>The digest of the rows in the tenant's table that have the keys of those that have arrived.</summary>
    public async Task<RowDigest> AppliedDigestAsync(CancellationToken cancellationToken) =>
        (await target.Sql(
            $"SELECT {RowDigest.Select(table, "t")} {Applied}").FirstAsync(RowDigest.Read, cancellationToken))!;

    /// <summary>
    /// How many of the rows that have arrived are in the tenant's table by their keys, and how many of these say something
    /// else there.
    /// </summary>
    public Task<(long Present, long Different)> CompareAppliedAsync(CancellationToken cancellationToken) =>
        target.Sql($"SELECT count(*), count(*) FILTER (WHERE {Differs}) {Applied}")
            .FirstAsync(row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken);

    /// <summary>The keys of the first of the rows that say something else in the tenant's table, as JSON.</summary>
    public Task<List<string>> ListDifferentAsync(int most, CancellationToken cancellationToken) =>
        target.Sql(
            $"""
            SELECT {MovedTable.JsonOf("s", table.Key)}::text {Applied} WHERE {Differs}
            ORDER BY {table.KeyOf("s")} LIMIT $1
            """,
            most).ListAsync(row => row.GetString(0), cancellationToken);

    /// <summary>Adds the rows to the tenant's table; those that are there stay.</summary>
    public Task<int> AddAsync(CancellationToken cancellationToken) =>
        target.Sql(
            $"""
            INSERT INTO {table.Table} (customer_id, {table.Columns})
            SELECT '{tenantId}', {table.Columns} FROM {Staging} ORDER BY {string.Join(", ", table.Key)}
            ON CONFLICT DO NOTHING
            """).RunAsync(cancellationToken);

    /// <summary>Adds the rows to the tenant's table; of a row that is there, the newer one stays.</summary>
    public Task<int> JoinAsync(CancellationToken cancellationToken) => table.Newer is null
        ? AddAsync(cancellationToken)
        : target.Sql(
            $"""
            INSERT INTO {table.Table} AS known (customer_id, {table.Columns}) SELECT '{tenantId}', {table.Columns} FROM {Staging}
            ORDER BY {string.Join(", ", table.Key)}
            ON CONFLICT (customer_id, {string.Join(", ", table.Key)}) DO UPDATE SET {Overwrite}
            WHERE excluded.{table.Newer} > known.{table.Newer}
            """).RunAsync(cancellationToken);

    /// <summary>Makes the tenant's rows those that have arrived: what is not among them is deleted.</summary>
    public async Task ReplaceAsync(CancellationToken cancellationToken)
    {
        await target.Sql(
            $"""
            DELETE FROM {table.Table} t
            WHERE t.{table.Where(tenantId)} AND NOT EXISTS (SELECT FROM {Staging} s WHERE {table.SameKey("s", "t")})
            """).RunAsync(cancellationToken);
        await target.Sql(
            $"""
            INSERT INTO {table.Table} (customer_id, {table.Columns}) SELECT '{tenantId}', {table.Columns} FROM {Staging}
            ON CONFLICT (customer_id, {string.Join(", ", table.Key)}) DO UPDATE SET {Overwrite}
            """).RunAsync(cancellationToken);
    }
}
