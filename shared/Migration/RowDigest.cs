using Npgsql;

namespace WebHost.Migration;

/// <summary>What tells two sets of rows apart: how many there are, and a checksum that does not depend on their order.</summary>
/// <param name="Rows">Number of rows.</param>
/// <param name="Checksum">
/// The sum of the first 64 bits of every row's MD5, over PostgreSQL's text of the row without the customer's id. The text is
/// exact (floats round-trip, geometry is hexadecimal EWKB) and the same on every machine and version, which PostgreSQL's own
/// hash functions are not bound to be.
/// </param>
public sealed record RowDigest(long Rows, string Checksum)
{
    /// <summary>The digest of no row.</summary>
    public static RowDigest Empty { get; } = new(0, "0");

    /// <summary>The two columns of a query that <see cref="Read"/> reads.</summary>
    /// <param name="table">The table.</param>
    /// <param name="alias">A name with which to qualify columns, where several tables are in the query.</param>
    internal static string Select(MovedTable table, string? alias = null)
    {
        var columns = string.Join(", ", table.Key.Concat(table.Content).Select(column => alias is null ? column : $"{alias}.{column}"));
        return $"count(*), coalesce(sum(('x' || left(md5(ROW({columns})::text), 16))::bit(64)::bigint), 0)::text";
    }

    internal static RowDigest Read(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetString(1));

    /// <summary>What is different from <paramref name="other"/>, or null when nothing is.</summary>
    internal string? DifferenceFrom(RowDigest other, string here, string there) =>
        this == other ? null
        : Rows != other.Rows ? $"{Rows} rows {here}, {other.Rows} {there}"
        : $"{Rows} rows {here} and {there}, but not the same";
}
