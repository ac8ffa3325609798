using Npgsql;
using WebHost.Data;

namespace WebHost.Migration;

/// <summary>Some of a tenant's rows of a table, to be read where they are.</summary>
/// <param name="source">What sees them.</param>
/// <param name="table">The table.</param>
/// <param name="where">Which rows, as a condition without parameters.</param>
internal sealed class SourceRows(NpgsqlTransaction source, MovedTable table, string where)
{
    private string From => $"FROM {table.Table} WHERE {where}";

    /// <summary>Their digest.</summary>
    public async Task<RowDigest> DigestAsync(CancellationToken cancellationToken) =>
        (await source.Sql($"SELECT {RowDigest.Select(table)} {From}").FirstAsync(RowDigest.Read, cancellationToken))!;

    /// <summary>The rows in COPY's binary format.</summary>
    public async Task<Stream> OpenAsync(CancellationToken cancellationToken) =>
        await source.Connection!.BeginRawBinaryCopyAsync(
            $"COPY (SELECT {table.Columns} {From}) TO STDOUT (FORMAT binary)", cancellationToken);
}
