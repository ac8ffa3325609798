using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using WebHost.Configuration;
using WebHost.Migration;
using WebHost.Placement;

namespace WebHost.Backups;

/// <summary>
/// Makes backups, and removes those that are not kept. A backup is an export whose manifest may refer to files of earlier
/// backups: a day's rows that have not changed are not copied again. README.md says how that and removing go together.
/// </summary>
public sealed partial class TenantBackups(
    [FromKeyedServices(TenantBackups.Container)] BlobContainerClient container,
    [FromKeyedServices(TenantBackups.Container)] TenantExport export,
    BackupStore backups,
    Settings settings,
    ILogger<TenantBackups> logger)
{
    /// <summary>Name of the blob container, and the key of what works with it.</summary>
    public const string Container = "backups";

    /// <summary>Makes a backup, or goes on with one that was interrupted.</summary>
    /// <param name="backup">A backup that was added.</param>
    /// <param name="source">The database that serves the tenant.</param>
    /// <param name="progress">Told after each file.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public async Task<Backup> RunAsync(
        Backup backup,
        TenantDatabaseAddress source,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        var manifest = await export.RunAsync(
            source,
            backup.TenantId,
            backup.ExportName,
            DayRange.All,
            await FindBasisAsync(backup.TenantId, cancellationToken),
            progress,
            cancellationToken);
        await backups.FinishAsync(
            backup.Id,
            manifest.FinishedAt,
            manifest.Rows,
            manifest.Bytes,
            manifest.Chunks.Where(chunk => IsOf(chunk.Blob, backup)).Sum(chunk => chunk.Bytes),
            cancellationToken);
        return await backups.GetAsync(backup.Id, cancellationToken);
    }

    /// <summary>What is in a backup.</summary>
    /// <exception cref="InvalidOperationException">It is not finished, or gone.</exception>
    public async Task<ExportManifest> ReadManifestAsync(Backup backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        return await export.FindManifestAsync(backup.ExportName, cancellationToken)
            ?? throw new InvalidOperationException($"Backup {backup.Id} of tenant {backup.TenantId} has no manifest.");
    }

    /// <summary>
    /// Removes a tenant's backups that are not kept, and their files to which none that is kept refers. It must not run
    /// while a backup of the tenant is being made, which may refer to any file of the last one. Interrupted, it is finished
    /// next time.
    /// </summary>
    /// <returns>How many files were deleted.</returns>
    public async Task<int> PruneAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var retention = new BackupRetention(settings.Backups.Daily, settings.Backups.Weekly, settings.Backups.Monthly);
        var finished = (await backups.ListAsync(tenantId, cancellationToken))
            .Where(backup => backup.State == BackupState.Finished);
        await backups.ExpireAsync(tenantId, retention.Keep([.. finished]), cancellationToken);
        var expired = await backups.ListExpiredAsync(tenantId, cancellationToken);
        if (expired.Count == 0)
        {
            return 0;
        }

        var files = await ListFilesAsync(tenantId, cancellationToken);
        var referred = await ListReferredAsync(files, expired, cancellationToken);
        var deleted = 0;
        foreach (var backup in expired)
        {
            var (needed, unneeded) = (0, 0);
            foreach (var file in files.Where(file => IsOf(file, backup)))
            {
                if (referred.Contains(file))
                {
                    needed++;
                }
                else
                {
                    await container.DeleteBlobIfExistsAsync(file, cancellationToken: cancellationToken);
                    unneeded++;
                }
            }

            if (needed == 0)
            {
                await backups.ForgetAsync(backup.Id, cancellationToken);
            }

            deleted += unneeded;
        }

        LogPruned(logger, tenantId, deleted);
        return deleted;
    }

    private static bool IsOf(string file, Backup backup) =>
        file.StartsWith($"{backup.ExportName}/", StringComparison.Ordinal);

    // After a fault was found, everything is copied anew: what is damaged stays in no later backup.
    private async Task<ExportManifest?> FindBasisAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var newest = (await backups.ListAsync(tenantId, cancellationToken))
            .Where(backup => backup.State == BackupState.Finished)
            .MaxBy(backup => backup.FinishedAt);
        return newest is { Fault: null } ? await export.FindManifestAsync(newest.ExportName, cancellationToken) : null;
    }

    private async Task<List<string>> ListFilesAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        await foreach (var blob in container.GetBlobsAsync(
            BlobTraits.None, BlobStates.None, Backup.FilesOf(tenantId), cancellationToken))
        {
            files.Add(blob.Name);
        }

        return files;
    }

    // Every manifest counts but those of expired backups: also one of which the control database, restored from an older
    // state, knows nothing.
    private async Task<HashSet<string>> ListReferredAsync(
        IEnumerable<string> files, IReadOnlyList<Backup> expired, CancellationToken cancellationToken)
    {
        var referred = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in files.Select(TenantExport.NameOfManifest).OfType<string>())
        {
            if (expired.All(backup => backup.ExportName != name)
                && await export.FindManifestAsync(name, cancellationToken) is { } manifest)
            {
                referred.UnionWith(manifest.Chunks.Select(chunk => chunk.Blob));
            }
        }

        return referred;
    }

    [LoggerMessage(740, LogLevel.Information, "Tenant {TenantId}: {Files} files of backups that are not kept were deleted.")]
    private static partial void LogPruned(ILogger logger, Guid tenantId, int files);
}
