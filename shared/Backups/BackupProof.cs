using WebHost.Migration;

namespace WebHost.Backups;

/// <summary>Proves that a backup can be restored: it is, into a database of its own that is dropped, and compared.</summary>
public sealed class BackupProof(
    ScratchDatabases scratch,
    BackupRestore restore,
    TenantBackups tenantBackups,
    BackupStore backups,
    MovingConnections connections)
{
    /// <summary>Restores and compares, and notes what was found.</summary>
    /// <param name="runId">Begins the name of the database: the same again takes the place of one that was left.</param>
    /// <param name="backup">A finished backup.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <returns>What is wrong with the backup, or null when nothing is.</returns>
    public async Task<string?> RunAsync(Guid runId, Backup backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        var target = await scratch.CreateAsync(runId, backup.TenantId, cancellationToken);
        try
        {
            var fault = await FindFaultAsync(runId, backup, target, cancellationToken);
            await backups.NoteVerifiedAsync(backup.Id, fault, cancellationToken);
            return fault;
        }
        finally
        {
            await scratch.DropAsync(runId, CancellationToken.None);
        }
    }

    private async Task<string?> FindFaultAsync(
        Guid runId, Backup backup, JoinedTenant target, CancellationToken cancellationToken)
    {
        var report = await restore.RunAsync(
            new RestoreWanted(runId, target, backup.Id, WithJournal: false), cancellationToken);
        if (report.Backup?.Id != backup.Id)
        {
            return "Its manifest cannot be read.";
        }

        if (report.Replaced is [var first, ..])
        {
            return report.Replaced.Count == 1 ? first.Fault : $"{first.Fault} And {report.Replaced.Count - 1} more.";
        }

        var manifest = await tenantBackups.ReadManifestAsync(backup, cancellationToken);
        if (MovedTable.All.Any(table => manifest.Columns.GetValueOrDefault(table.Name) != table.Columns))
        {
            // Made before a column was added: its files were compared one by one, and rows as they are today differ from
            // them.
            return null;
        }

        var expected = new TenantDigest(manifest.Chunks.ToDictionary(
            chunk => new DigestPart(chunk.Table, chunk.Day), chunk => chunk.Digest));
        var differences = expected.CompareTo(
            await TenantDigest.ReadAsync(connections, target.Database, target.TenantId, since: null, cancellationToken));
        return differences is [var difference, ..]
            ? FormattableString.Invariant($"Table {difference.Table}, {difference.Day:yyyy-MM-dd}: {difference.Difference}.")
            : null;
    }
}
