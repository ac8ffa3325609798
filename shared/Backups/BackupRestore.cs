using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WebHost.Migration;

namespace WebHost.Backups;

/// <summary>
/// Brings a tenant back from the newest backup and the journal, into a database where it is expected, or served already.
/// What arrives joins what is there. The small tables come first, then the journal and then the days, each newest first, so
/// that today's fleet is seen long before last year's. A file that is damaged is replaced by that of an older backup; what
/// was written between the two is in the journal, as far as that reaches. Repeating it after an interruption goes on where
/// it was.
/// </summary>
public sealed partial class BackupRestore(
    BackupStore backups,
    TenantBackups tenantBackups,
    [FromKeyedServices(TenantBackups.Container)] TenantImport import,
    JournalReplay journal,
    TimeProvider time,
    ILogger<BackupRestore> logger)
{
    private const int FilesAtOnce = 4;

    // Longer than any restore takes; a repeated one holds them anew.
    private static readonly TimeSpan Hold = TimeSpan.FromDays(2);

    /// <summary>Restores.</summary>
    /// <param name="wanted">What, and where to.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="BackupRefusedException">There is no such backup, or it is newer than the time wanted.</exception>
    /// <exception cref="FenceRefusedException">The tenant is at the target at another epoch, fenced, or unknown.</exception>
    public Task<RestoreReport> RunAsync(RestoreWanted wanted, CancellationToken cancellationToken) =>
        RunAsync(wanted, progress: null, cancellationToken);

    /// <summary>Restores.</summary>
    /// <param name="wanted">What, and where to.</param>
    /// <param name="progress">Told of the backup's rows after each table and day.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="BackupRefusedException">There is no such backup, or it is newer than the time wanted.</exception>
    /// <exception cref="FenceRefusedException">The tenant is at the target at another epoch, fenced, or unknown.</exception>
    public async Task<RestoreReport> RunAsync(
        RestoreWanted wanted, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var versions = new Versions(tenantBackups, await ListCandidatesAsync(wanted, cancellationToken));
        if (await versions.NewestAsync(cancellationToken) is not { } newest)
        {
            return new RestoreReport(null, 0, [], await ReplayAsync(wanted, cancellationToken));
        }

        LogBegun(logger, wanted.Target.TenantId, newest.Backup.Id, newest.Manifest.Rows);
        var replacements = new List<ReplacedPart>();
        var days = new OrderedDictionary<DigestPart, long>(newest.Manifest.Chunks.Where(chunk => chunk.Day is not null)
            .OrderByDescending(chunk => chunk.Day)
            .Select(chunk => KeyValuePair.Create(new DigestPart(chunk.Table, chunk.Day), chunk.Digest.Rows)));
        var meter = new TransferMeter(days.Count + 1, 0, newest.Manifest.Rows, 0, progress, time);
        await RestoreAsync(wanted.Target, versions, [DigestPartOfWholeTables], Done, replacements, cancellationToken);
        var replayed = await ReplayAsync(wanted, cancellationToken);
        await RestoreAsync(wanted.Target, versions, days.Keys, Done, replacements, cancellationToken);
        return new RestoreReport(newest.Backup, newest.Manifest.Rows, replacements, replayed);

        void Done(DigestPart part) =>
            meter.Add(days.TryGetValue(part, out var rows) ? rows : newest.Manifest.Rows - days.Values.Sum());
    }

    /// <summary>
    /// Restores only vehicles, devices and geofences, which takes little time; restoring everything leaves them alone afterwards.
    /// </summary>
    /// <returns>The newest backup that could be read; null when there was none.</returns>
    /// <exception cref="FenceRefusedException">The tenant is at the target at another epoch, fenced, or unknown.</exception>
    public async Task<Backup?> RestoreFleetAsync(JoinedTenant target, CancellationToken cancellationToken)
    {
        var versions = new Versions(
            tenantBackups, await ListCandidatesAsync(new RestoreWanted(Guid.Empty, target), cancellationToken));
        if (await versions.NewestAsync(cancellationToken) is not { } newest)
        {
            return null;
        }

        await RestoreAsync(target, versions, [DigestPartOfWholeTables], _ => { }, [], cancellationToken);
        return newest.Backup;
    }

    // The small tables refer to each other and are taken from one backup.
    private static DigestPart DigestPartOfWholeTables { get; } = new("*", null);

    private async Task<JournalReplayed?> ReplayAsync(RestoreWanted wanted, CancellationToken cancellationToken) =>
        wanted.WithJournal
            ? await journal.RunAsync(wanted.RunId, wanted.Target, from: null, wanted.UpTo, cancellationToken)
            : null;

    private async Task<IReadOnlyList<Backup>> ListCandidatesAsync(RestoreWanted wanted, CancellationToken cancellationToken)
    {
        var held = await backups.HoldAsync(wanted.Target.TenantId, time.GetUtcNow() + Hold, cancellationToken);
        var candidates = held.Where(backup => wanted.UpTo is null || backup.FinishedAt <= wanted.UpTo).ToList();
        if (wanted.BackupId is not { } only)
        {
            return candidates;
        }

        var first = candidates.FindIndex(backup => backup.Id == only);
        return first >= 0
            ? candidates[first..]
            : throw new BackupRefusedException(
                $"Tenant {wanted.Target.TenantId} has no finished backup {only}"
                + $"{(wanted.UpTo is { } limit ? $" from before {limit:u}" : "")}.");
    }

    private async Task RestoreAsync(
        JoinedTenant target,
        Versions versions,
        IEnumerable<DigestPart> parts,
        Action<DigestPart> done,
        List<ReplacedPart> replacements,
        CancellationToken cancellationToken) =>
        await Parallel.ForEachAsync(
            parts,
            new ParallelOptions { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = cancellationToken },
            async (part, stop) =>
            {
                string? fault = null;
                await foreach (var version in versions.ReadAsync(part, stop))
                {
                    try
                    {
                        foreach (var chunk in version.Chunks)
                        {
                            await import.JoinAsync(target, version.Manifest, chunk, stop);
                        }

                        done(part);
                        if (fault is not null)
                        {
                            Note(new ReplacedPart(part.Table, part.Day, fault, version.Backup.Id));
                        }

                        return;
                    }
                    catch (MigrationMismatchException damaged)
                    {
                        LogDamaged(logger, target.TenantId, version.Backup.Id, damaged);
                        fault ??= damaged.Message;
                    }
                }

                done(part);
                Note(new ReplacedPart(part.Table, part.Day, fault ?? "No backup has it.", null));

                void Note(ReplacedPart replaced)
                {
                    lock (replacements)
                    {
                        replacements.Add(replaced);
                    }
                }
            });

    [LoggerMessage(760, LogLevel.Information, "Tenant {TenantId}: restoring {Rows} rows of backup {BackupId}.")]
    private static partial void LogBegun(ILogger logger, Guid tenantId, Guid backupId, long rows);

    [LoggerMessage(761, LogLevel.Error, "Tenant {TenantId}: a file of backup {BackupId} cannot be restored; trying an older one.")]
    private static partial void LogDamaged(ILogger logger, Guid tenantId, Guid backupId, Exception exception);

    private sealed record Version(Backup Backup, ExportManifest Manifest, IReadOnlyList<ExportedChunk> Chunks);

    /// <summary>The manifests of some backups, newest first, each read when it is needed.</summary>
    private sealed class Versions(TenantBackups tenantBackups, IReadOnlyList<Backup> candidates)
    {
        private readonly List<(Backup Backup, Lazy<Task<ExportManifest?>> Manifest)> _manifests =
            [
                .. candidates.Select(backup =>
                    (backup, new Lazy<Task<ExportManifest?>>(() => FindAsync(tenantBackups, backup)))),
            ];

        public async Task<(Backup Backup, ExportManifest Manifest)?> NewestAsync(CancellationToken cancellationToken)
        {
            foreach (var (backup, manifest) in _manifests)
            {
                if (await manifest.Value.WaitAsync(cancellationToken) is { } found)
                {
                    return (backup, found);
                }
            }

            return null;
        }

        /// <summary>The files of a part in each backup that has others than those before it.</summary>
        public async IAsyncEnumerable<Version> ReadAsync(
            DigestPart part, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var (backup, lazy) in _manifests)
            {
                if (await lazy.Value.WaitAsync(cancellationToken) is { } manifest)
                {
                    var chunks = manifest.Chunks
                        .Where(chunk => part == DigestPartOfWholeTables
                            ? chunk.Day is null
                            : (chunk.Table, chunk.Day) == (part.Table, part.Day))
                        .ToList();
                    if (chunks.Count > 0 && seen.Add(string.Join('\n', chunks.Select(chunk => chunk.Blob))))
                    {
                        yield return new Version(backup, manifest, chunks);
                    }
                }
            }
        }

        // A manifest that cannot be read makes its backup one that is not there.
        private static async Task<ExportManifest?> FindAsync(TenantBackups tenantBackups, Backup backup)
        {
            try
            {
                return await tenantBackups.ReadManifestAsync(backup, CancellationToken.None);
            }
            catch (Exception unreadable) when (unreadable is InvalidOperationException or FormatException or JsonException)
            {
                return null;
            }
        }
    }
}

/// <summary>What is to be restored.</summary>
/// <param name="RunId">What is gone on with when it is given again: an operation's id.</param>
/// <param name="Target">Whom, and where to: the tenant must be expected there, or served.</param>
/// <param name="BackupId">From this backup, or older ones where it is damaged; from the newest one when null.</param>
/// <param name="UpTo">Only what was received until this time, UTC; everything when null.</param>
/// <param name="WithJournal">Whether what came after the backup is written as well.</param>
public sealed record RestoreWanted(
    Guid RunId, JoinedTenant Target, Guid? BackupId = null, DateTimeOffset? UpTo = null, bool WithJournal = true);

/// <summary>What was restored.</summary>
/// <param name="Backup">The newest backup that could be read; null when there was none.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Replaced">What came from an older one, or is missing, since its file was damaged.</param>
/// <param name="Journal">What was written of the journal; null when that was not wanted.</param>
public sealed record RestoreReport(
    Backup? Backup, long Rows, IReadOnlyList<ReplacedPart> Replaced, JournalReplayed? Journal);

/// <summary>A part of a backup that could not be restored.</summary>
/// <param name="Table">The table; "*" for all those that are not divided by days.</param>
/// <param name="Day">The UTC day, where the table is divided by days.</param>
/// <param name="Fault">What was wrong.</param>
/// <param name="TakenFrom">
/// The older backup from which it was taken instead; null when none has it: what the journal has is there.
/// </param>
public sealed record ReplacedPart(string Table, DateOnly? Day, string Fault, Guid? TakenFrom);
