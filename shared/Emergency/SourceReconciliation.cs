using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Backups;
using WebHost.Data;
using WebHost.Json;
using WebHost.Migration;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Emergency;

/// <summary>
/// Takes the writes from a home that was lost and came back, and fetches what only it has into the home that serves the
/// tenant since, while that is written. Each part is fetched once: interrupted anywhere, it goes on behind the last one, and
/// repeated, it answers the same report and changes nothing. README.md says by what rules.
/// </summary>
public sealed partial class SourceReconciliation(
    MovingConnections connections,
    Fence fence,
    TenantBackups tenantBackups,
    [FromKeyedServices(TenantBackups.Container)] TenantImport import,
    StepHooks hooks,
    TimeProvider time,
    ILogger<SourceReconciliation> logger)
{
    /// <summary>Place in a reconciliation: the source takes no writes any more; it may be released.</summary>
    public const string Fenced = "source-fenced";

    /// <summary>Place in a reconciliation: the source has handed over.</summary>
    public const string HandedOver = "source-handed-over";

    /// <summary>Place in a reconciliation: the source's small tables are at the target; nobody waits for anybody.</summary>
    public const string Staged = "source-staged";

    /// <summary>Place in a reconciliation: the small tables are merged and nothing is committed yet.</summary>
    public const string Merged = "source-merged";

    /// <summary>Place in a reconciliation: rows of a day are there.</summary>
    public const string Added = "source-added";

    /// <summary>Place in a reconciliation: everything is there; the report is not kept yet.</summary>
    public const string Fetched = "source-fetched";

    private const string SmallTables = "small-tables";
    private const string Basis = "basis";

    // A connection that was left in the middle of a transaction is cut off after a minute.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly IReadOnlyList<MovedTable> NewerTables =
        [.. MovedTable.All.Where(table => table.Newer is not null)];

    /// <summary>Fences the tenant at the source for good, and fetches.</summary>
    /// <param name="runId">To whom the fence belongs: an operation's id.</param>
    /// <param name="source">The database of the home that came back.</param>
    /// <param name="target">The database that serves the tenant, whom, and at which epoch.</param>
    /// <param name="restoredFrom">
    /// The backup from which the small tables have been restored at the target; without one nothing is deleted there, and what
    /// differs is a conflict.
    /// </param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="FenceRefusedException">
    /// The target does not serve the tenant at that epoch; or the source is the target, does not know the tenant, or has it
    /// at an epoch at which it may be the one that serves.
    /// </exception>
    /// <exception cref="TimeoutException">A write that had begun, at either side, was not done in time.</exception>
    /// <exception cref="MigrationMismatchException">What arrived is not what was sent.</exception>
    public async Task<ReconciliationReport> RunAsync(
        Guid runId,
        TenantDatabaseAddress source,
        JoinedTenant target,
        Backup? restoredFrom,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (restoredFrom is not null && restoredFrom.TenantId != target.TenantId)
        {
            throw new ArgumentException(
                $"Backup {restoredFrom.Id} is of tenant {restoredFrom.TenantId}, not {target.TenantId}.",
                nameof(restoredFrom));
        }

        var begin = time.GetTimestamp();
        var epoch = await CloseSourceAsync(runId, source, target, cancellationToken);
        var record = new ReconciliationRecord(target, source.Id, epoch);
        await using var connection = await connections.OpenAsync(target.Database, cancellationToken);
        if (await record.FindReportAsync(connection, cancellationToken) is { } finished)
        {
            return finished;
        }

        await using (var snapshot = await SourceSnapshot.TakeAsync(connections, source, cancellationToken))
        {
            var done = await record.ReadPartsAsync(connection, cancellationToken);
            if (!done.ContainsKey(SmallTables))
            {
                await MergeAsync(snapshot.Transaction, connection, target, restoredFrom, record, cancellationToken);
            }

            await AddAllAsync(snapshot.Transaction, connection, target, record, done.Keys.ToHashSet(), cancellationToken);
        }

        await hooks.Reached(target.TenantId, Fetched);
        var parts = await record.ReadPartsAsync(connection, cancellationToken);
        await record.NoteAsync(connection, Summarize(parts, epoch, time.GetElapsedTime(begin)), cancellationToken);
        var report = (await record.FindReportAsync(connection, cancellationToken))!;
        LogFetched(
            logger,
            target.TenantId,
            source.Name,
            report.FencedEpoch,
            report.Tables.Sum(table => table.Added),
            report.ConflictCount);
        return report;
    }

    /// <returns>The epoch at which the tenant is away there.</returns>
    private async Task<long> CloseSourceAsync(
        Guid runId, TenantDatabaseAddress source, JoinedTenant target, CancellationToken cancellationToken)
    {
        var (tenantId, serving) = (target.TenantId, target.Epoch);
        if (await fence.ReadAsync(target.Database, tenantId, cancellationToken) is not { Writable: true } served
            || served.Epoch != serving)
        {
            throw new FenceRefusedException(
                $"Database {target.Database.Name} does not serve tenant {tenantId} at epoch {serving}: "
                + "another might, which is not fenced.");
        }

        var found = source.Id == target.Database.Id ? served : await fence.ReadAsync(source, tenantId, cancellationToken);
        switch (found)
        {
            case null:
                throw new FenceRefusedException(
                    $"Database {source.Name} does not know tenant {tenantId}: there is nothing to fetch from it.");
            case { Away: false } when found.Epoch >= serving:
                throw new FenceRefusedException(
                    $"Database {source.Name} has tenant {tenantId} at epoch {found.Epoch}, "
                    + $"database {target.Database.Name} at {serving}: only an older home is fenced.");
            case { Away: true } when found.Epoch > serving:
                throw new FenceRefusedException(
                    $"Database {source.Name} expects tenant {tenantId} at epoch {found.Epoch}, behind {serving}: "
                    + "it is about to serve.");
            case { Away: true }:
                return found.Epoch;
        }

        await fence.CloseAsync(source, tenantId, found.Epoch, runId, Patience, cancellationToken);
        await hooks.Reached(tenantId, Fenced);
        await fence.HandOverAsync(source, tenantId, found.Epoch, runId, cancellationToken);
        LogFenced(logger, tenantId, source.Name, found.Epoch);
        await hooks.Reached(tenantId, HandedOver);
        return found.Epoch + 1;
    }

    // Everything is brought to the target before anybody has to wait for it; what follows then takes as long as a few
    // statements.
    private async Task MergeAsync(
        NpgsqlTransaction source,
        NpgsqlConnection connection,
        JoinedTenant target,
        Backup? restoredFrom,
        ReconciliationRecord record,
        CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var merge = new ThreeWayMerge(transaction, target.TenantId);
        foreach (var table in ThreeWayMerge.Tables)
        {
            var theirs = await merge.MakeTheirsAsync(table, cancellationToken);
            await CopyAsync(
                new SourceRows(source, table, table.Where(target.TenantId)),
                rows => StagedRows.CopyAsync(transaction, theirs, table.Columns, rows, cancellationToken),
                () => ReadDigestAsync(transaction, table, theirs, cancellationToken),
                table,
                day: null,
                cancellationToken);
        }

        var newer = new List<(MovedTable Table, StagedRows Staged)>();
        foreach (var table in NewerTables)
        {
            var staged = new StagedRows(transaction, table, target.TenantId);
            await CopyAsync(
                new SourceRows(source, table, table.Where(target.TenantId)), staged, table, day: null, cancellationToken);
            newer.Add((table, staged));
        }

        var basisFault = await StageBasisAsync(transaction, merge, restoredFrom, cancellationToken);
        await hooks.Reached(target.TenantId, Staged);
        await AwayTenant.JoinAloneAsync(transaction, target.TenantId, target.Epoch, time, cancellationToken);
        if (await record.HasAsync(transaction, SmallTables, cancellationToken))
        {
            return;
        }

        var merged = await merge.ApplyAsync(cancellationToken);
        var joined = new List<ReconciledTable>();
        foreach (var (table, staged) in newer)
        {
            joined.Add(await JoinAsync(table, staged, cancellationToken));
        }

        var outcome = merged with
        {
            Tables = [.. merged.Tables, .. joined],
            BasisBackupId = basisFault is null ? restoredFrom!.Id : null,
            BasisFault = basisFault,
        };
        await record.NoteAsync(transaction, SmallTables, outcome, cancellationToken);
        await hooks.Reached(target.TenantId, Merged);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <returns>Why there is no basis, in a sentence; null when there is one.</returns>
    private async Task<string?> StageBasisAsync(
        NpgsqlTransaction target, ThreeWayMerge merge, Backup? restoredFrom, CancellationToken cancellationToken)
    {
        var tables = new Dictionary<string, string>();
        foreach (var table in ThreeWayMerge.Tables)
        {
            tables[table.Name] = await merge.MakeBasisAsync(table, cancellationToken);
        }

        if (restoredFrom is null)
        {
            return "There is no backup from which the tables were restored.";
        }

        // The tables refer to each other and are of one backup, or of none.
        await target.SaveAsync(Basis, cancellationToken);
        try
        {
            var manifest = await tenantBackups.ReadManifestAsync(restoredFrom, cancellationToken);
            foreach (var (name, into) in tables)
            {
                var table = MovedTable.In(manifest, name);
                var chunk = manifest.Chunks.FirstOrDefault(chunk => chunk.Table == name)
                    ?? throw new InvalidOperationException($"It has no file of table {name}.");
                await import.ReadFileAsync(
                    chunk,
                    rows => StagedRows.CopyAsync(target, into, table.Columns, rows, cancellationToken),
                    cancellationToken);
                var arrived = await ReadDigestAsync(target, table, into, cancellationToken);
                ThrowWhenDifferent(table, day: null, chunk.Digest, arrived, "in the manifest");
            }

            return null;
        }
        catch (Exception unreadable) when (
            unreadable is MigrationMismatchException or InvalidOperationException or FormatException or JsonException
            // What a damaged file says may be no row of the table, or one row twice.
            or PostgresException { SqlState: ['2', '3', ..] })
        {
            LogNoBasis(logger, restoredFrom.TenantId, restoredFrom.Id, unreadable);
            await target.RollbackAsync(Basis, cancellationToken);
            return $"Backup {restoredFrom.Id} cannot be read: {unreadable.Message}";
        }
    }

    private static async Task<ReconciledTable> JoinAsync(
        MovedTable table, StagedRows staged, CancellationToken cancellationToken)
    {
        var arrived = await staged.DigestAsync(cancellationToken);
        var known = await staged.AppliedDigestAsync(cancellationToken);
        var written = await staged.JoinAsync(cancellationToken);
        var added = arrived.Rows - known.Rows;
        return new ReconciledTable(table.Name) { Added = added, Changed = written - added };
    }

    // Newest first: what happened last is asked for first.
    private async Task AddAllAsync(
        NpgsqlTransaction source,
        NpgsqlConnection connection,
        JoinedTenant target,
        ReconciliationRecord record,
        IReadOnlySet<string> done,
        CancellationToken cancellationToken)
    {
        var atTarget = TenantDigest.ReadAsync(connections, target.Database, target.TenantId, since: null, cancellationToken);
        var atSource = TenantDigest.ReadAsync(source, target.TenantId, since: null, cancellationToken);
        await Task.WhenAll(atSource, atTarget);
        var (theirs, ours) = ((await atSource).Parts, (await atTarget).Parts);
        foreach (var part in theirs.Keys.Where(part => part.Day is not null).OrderByDescending(part => part.Day))
        {
            if (theirs[part] != ours.GetValueOrDefault(part) && !done.Contains(NameOf(part)))
            {
                await AddAsync(source, connection, target, record, part, cancellationToken);
                await hooks.Reached(target.TenantId, Added);
            }
        }
    }

    private static async Task AddAsync(
        NpgsqlTransaction source,
        NpgsqlConnection connection,
        JoinedTenant target,
        ReconciliationRecord record,
        DigestPart part,
        CancellationToken cancellationToken)
    {
        var (table, day) = (MovedTable.All.Single(table => table.Name == part.Table), part.Day!.Value);
        await StagedRows.EnsurePartitionAsync(connection, table, day, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var staged = new StagedRows(transaction, table, target.TenantId);
        var sent = await CopyAsync(
            new SourceRows(source, table, table.Where(target.TenantId, day)), staged, table, day, cancellationToken);
        await AwayTenant.JoinAsync(transaction, target.TenantId, target.Epoch, cancellationToken);
        var added = await staged.AddAsync(cancellationToken);
        var (present, different) = await staged.CompareAppliedAsync(cancellationToken);
        if (present != sent.Rows)
        {
            throw new MigrationMismatchException(
                table.Name, day, $"{sent.Rows} rows at the source, of which {present} are at the target");
        }

        var keys = different == 0 ? [] : await staged.ListDifferentAsync(ReconciledTable.MostNamed, cancellationToken);
        var outcome = new ReconciledTable(table.Name)
        {
            Added = added,
            Different = different,
            DifferentKeys = [.. keys.Select(JsonText.Read<JsonElement>)],
        };
        await record.NoteAsync(transaction, NameOf(part), new ReconciledPart([outcome], []), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static string NameOf(DigestPart part) => FormattableString.Invariant($"{part.Table}/{part.Day:yyyy-MM-dd}");

    private static Task<RowDigest> CopyAsync(
        SourceRows source, StagedRows staged, MovedTable table, DateOnly? day, CancellationToken cancellationToken) =>
        CopyAsync(
            source,
            rows => staged.FillAsync(rows, cancellationToken),
            () => staged.DigestAsync(cancellationToken),
            table,
            day,
            cancellationToken);

    private static async Task<RowDigest> CopyAsync(
        SourceRows source,
        Func<Stream, Task> write,
        Func<Task<RowDigest>> digest,
        MovedTable table,
        DateOnly? day,
        CancellationToken cancellationToken)
    {
        var sent = await source.DigestAsync(cancellationToken);
        await using (var rows = await source.OpenAsync(cancellationToken))
        {
            await write(rows);
        }

        ThrowWhenDifferent(table, day, sent, await digest(), "at the source");
        return sent;
    }

    private static async Task<RowDigest> ReadDigestAsync(
        NpgsqlTransaction target, MovedTable table, string from, CancellationToken cancellationToken) =>
        (await target.Sql($"SELECT {RowDigest.Select(table)} FROM {from}").FirstAsync(RowDigest.Read, cancellationToken))!;

    private static void ThrowWhenDifferent(MovedTable table, DateOnly? day, RowDigest sent, RowDigest arrived, string there)
    {
        if (sent.DifferenceFrom(arrived, there, "arrived") is { } difference)
        {
            throw new MigrationMismatchException(table.Name, day, difference);
        }
    }

    private ReconciliationReport Summarize(
        IReadOnlyDictionary<string, ReconciledPart> parts, long epoch, TimeSpan duration)
    {
        var small = parts[SmallTables];
        var tables = MovedTable.All.Select(table => parts.Values
            .SelectMany(part => part.Tables)
            .Where(part => part.Table == table.Name)
            .Aggregate(new ReconciledTable(table.Name), (all, part) => all.With(part))).ToList();
        return new ReconciliationReport
        {
            FencedEpoch = epoch - 1,
            BasisBackupId = small.BasisBackupId,
            BasisFault = small.BasisFault,
            Tables = tables,
            ConflictCount = tables.Sum(table => table.Conflicts),
            Conflicts = small.Conflicts,
            FinishedAt = time.GetUtcNow(),
            Duration = duration,
        };
    }

    [LoggerMessage(
        800,
        LogLevel.Warning,
        "Tenant {TenantId}: database {Database} came back and takes no writes any more, at epoch {Epoch} or older.")]
    private static partial void LogFenced(ILogger logger, Guid tenantId, string database, long epoch);

    [LoggerMessage(
        801,
        LogLevel.Warning,
        "Tenant {TenantId}: backup {BackupId} cannot be read; rows that differ are conflicts.")]
    private static partial void LogNoBasis(ILogger logger, Guid tenantId, Guid backupId, Exception exception);

    [LoggerMessage(
        802,
        LogLevel.Information,
        "Tenant {TenantId}: from database {Database}, fenced at {Epoch}, {Rows} rows were fetched; {Conflicts} conflicts.")]
    private static partial void LogFetched(
        ILogger logger, Guid tenantId, string database, long epoch, long rows, long conflicts);
}
