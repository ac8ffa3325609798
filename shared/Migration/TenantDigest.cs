using System.Data;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>The digests of all of a tenant's rows in a database, by table and day, at one moment.</summary>
/// <param name="Parts">By table, and by UTC day where the table is divided by days.</param>
public sealed record TenantDigest(IReadOnlyDictionary<DigestPart, RowDigest> Parts)
{
    /// <summary>Rows in all.</summary>
    public long Rows => Parts.Values.Sum(part => part.Rows);

    /// <summary>Reads them. The statements are the same wherever the tenant is.</summary>
    /// <param name="connections">Connections to tenant databases.</param>
    /// <param name="database">The database.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="since">Of the tables that are divided by days, only this UTC day and later ones; all when null.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static async Task<TenantDigest> ReadAsync(
        MovingConnections connections,
        TenantDatabaseAddress database,
        Guid tenantId,
        DateOnly? since,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connections);
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        return await ReadAsync(transaction, tenantId, since, cancellationToken);
    }

    /// <summary>Reads them as a transaction sees them.</summary>
    internal static async Task<TenantDigest> ReadAsync(
        NpgsqlTransaction transaction, Guid tenantId, DateOnly? since, CancellationToken cancellationToken)
    {
        var parts = new Dictionary<DigestPart, RowDigest>();
        foreach (var table in MovedTable.All)
        {
            if (table.Time is null)
            {
                parts[new DigestPart(table.Name, null)] = (await transaction.Sql(
                    $"SELECT {RowDigest.Select(table)} FROM {table.Table} WHERE {table.Where(tenantId)}")
                    .FirstAsync(RowDigest.Read, cancellationToken))!;
            }
            else
            {
                foreach (var (day, digest) in await transaction.Sql(
                    $"SELECT {RowDigest.Select(table)}, {table.Day} FROM {table.Table} WHERE {table.Where(tenantId, DayRange.From(since))} GROUP BY 3")
                    .ListAsync(row => (row.GetFieldValue<DateOnly>(2), RowDigest.Read(row)), cancellationToken))
                {
                    parts[new DigestPart(table.Name, day)] = digest;
                }
            }
        }

        return new TenantDigest(parts);
    }

    /// <summary>Where this, the source, and a target differ, a sentence each in the order of tables and days; empty when they do not.</summary>
    public IReadOnlyList<DigestDifference> CompareTo(TenantDigest target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return
        [
            .. from part in Parts.Keys.Union(target.Parts.Keys)
               orderby part.Table, part.Day
               let difference = Of(part).DifferenceFrom(target.Of(part), "at the source", "at the target")
               where difference is not null
               select new DigestDifference(part.Table, part.Day, difference),
        ];
    }

    private RowDigest Of(DigestPart part) => Parts.GetValueOrDefault(part, RowDigest.Empty);
}

/// <summary>A part of a tenant's rows that is compared as one.</summary>
/// <param name="Table">The table.</param>
/// <param name="Day">The UTC day, where the table is divided by days.</param>
public sealed record DigestPart(string Table, DateOnly? Day);

/// <summary>Where a source and a target differ.</summary>
/// <param name="Table">The table.</param>
/// <param name="Day">The UTC day, where the table is divided by days.</param>
/// <param name="Difference">What differs.</param>
public sealed record DigestDifference(string Table, DateOnly? Day, string Difference);
