using Npgsql;
using WebHost.Data;

namespace WebHost.Fleet;

/// <summary>
/// A table of a tenant's own rows that change in place: each has an id that the tenant chose and a version that grows with
/// every change, so that nobody overwrites what they have not seen.
/// </summary>
/// <param name="table">The table, whose key is the customer and <paramref name="id"/>.</param>
/// <param name="id">The column of the id.</param>
/// <param name="content">The columns that a caller sets.</param>
/// <param name="read">Reads the id, the content, the version and the time of the last change, in this order.</param>
internal sealed class VersionedTable<T>(string table, string id, string[] content, Func<NpgsqlDataReader, T> read)
    where T : class
{
    private readonly string _columns = string.Join(", ", [id, .. content, "version", "updated_at"]);

    /// <summary>Rows in the order of their ids.</summary>
    /// <param name="session">A tenant's session.</param>
    /// <param name="after">Only those after this id; all when null.</param>
    /// <param name="limit">At most so many; all when null.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public Task<List<T>> ListAsync(NpgsqlTransaction session, string? after, int? limit, CancellationToken cancellationToken) =>
        session.Sql(
            $"SELECT {_columns} FROM {table} WHERE $1::text IS NULL OR {id} > $1 ORDER BY {id} LIMIT $2::int", after, limit)
            .ListAsync(read, cancellationToken);

    /// <summary>The row, or null.</summary>
    public Task<T?> FindAsync(NpgsqlTransaction session, string rowId, CancellationToken cancellationToken) =>
        session.Sql($"SELECT {_columns} FROM {table} WHERE {id} = $1", rowId).FirstAsync(read, cancellationToken);

    /// <summary>Creates or replaces a row.</summary>
    /// <param name="session">The tenant's session.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="rowId">Which.</param>
    /// <param name="values">Its content, a value a column.</param>
    /// <param name="expected">What the caller expects to find.</param>
    /// <param name="limit">The tenant may have so many.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public async Task<(VersionedChange Change, T? Row)> PutAsync(
        NpgsqlTransaction session,
        Guid tenantId,
        string rowId,
        object?[] values,
        RowExpectation expected,
        int limit,
        CancellationToken cancellationToken)
    {
        // One change of a tenant's table at a time: two additions at once would each see room for one more.
        await session.Sql("SELECT pg_advisory_xact_lock(hashtext($1))", $"{table} of {tenantId}").RunAsync(cancellationToken);
        var assignments = string.Join(", ", content.Select((column, i) => $"{column} = ${i + 3}"));
        var updated = await session.Sql(
            $"""
            UPDATE {table} SET {assignments}, version = version + 1, updated_at = now()
            WHERE {id} = $1 AND ($2::bigint IS NULL OR version = $2) RETURNING {_columns}
            """,
            [rowId, expected.Version, .. values]).FirstAsync(read, cancellationToken);
        if (updated is not null)
        {
            return (VersionedChange.Updated, updated);
        }

        if (!expected.MayCreate || await FindAsync(session, rowId, cancellationToken) is not null)
        {
            return (VersionedChange.Outdated, null);
        }

        var count = await session.Sql($"SELECT count(*)::int FROM {table}").FirstAsync(row => row.GetInt32(0), cancellationToken);
        if (count >= limit)
        {
            return (VersionedChange.OverLimit, null);
        }

        var parameters = string.Join(", ", content.Select((_, i) => $"${i + 3}"));
        var created = await session.Sql(
            $"INSERT INTO {table} (customer_id, {id}, {string.Join(", ", content)}) VALUES ($1, $2, {parameters}) RETURNING {_columns}",
            [tenantId, rowId, .. values]).FirstAsync(read, cancellationToken);
        return (VersionedChange.Created, created);
    }

    /// <summary>Deletes a row. False when it is not there or changed meanwhile.</summary>
    public async Task<bool> DeleteAsync(
        NpgsqlTransaction session, string rowId, RowExpectation expected, CancellationToken cancellationToken) =>
        await session.Sql($"DELETE FROM {table} WHERE {id} = $1 AND ($2::bigint IS NULL OR version = $2)", rowId, expected.Version)
            .RunAsync(cancellationToken) > 0;
}
