using System.IO.Compression;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Json;

namespace WebHost.Migration;

/// <summary>
/// What tenants can download: the history that their plan does not retain any more, and what was restored for them, which is
/// theirs for two weeks.
/// </summary>
public sealed class TenantArchives(
    [FromKeyedServices(TenantExport.Container)] BlobContainerClient container, TenantExport export, TimeProvider time)
{
    private const string ManifestFile = "manifest.json";
    private const string Restores = "restores/";
    private static readonly TimeSpan RestoresKept = TimeSpan.FromDays(14);

    /// <summary>Name of the export of what a restore's operation brings back.</summary>
    public static string RestoreName(Guid tenantId, Guid operationId) => RestoresOf(tenantId) + operationId.ToString("n");

    /// <summary>A tenant's archives, newest first.</summary>
    public async Task<IReadOnlyList<TenantArchive>> ListAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var archives = new List<TenantArchive>();
        if (!await container.ExistsAsync(cancellationToken))
        {
            return archives;
        }

        foreach (var (kind, prefix) in PlacesOf(tenantId))
        {
            await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, cancellationToken))
            {
                if (blob.Name.EndsWith($"/{ManifestFile}", StringComparison.Ordinal))
                {
                    archives.Add(Describe(kind, prefix, await ReadAsync(blob.Name, cancellationToken)));
                }
            }
        }

        return [.. archives.OrderByDescending(archive => archive.CreatedAt)];
    }

    private static TenantArchive Describe(ArchiveKind kind, string prefix, ExportManifest manifest)
    {
        var days = manifest.Chunks.Where(chunk => chunk.Table == "points").Select(chunk => chunk.Day).ToList();
        return new TenantArchive(
            Guid.ParseExact(manifest.Name[prefix.Length..], "n"),
            kind,
            manifest.FinishedAt,
            kind == ArchiveKind.Restore ? manifest.FinishedAt + RestoresKept : null,
            days.Min(),
            days.Max(),
            manifest.Rows,
            manifest.Bytes);
    }

    /// <summary>An archive's manifest, or null when there is no such archive.</summary>
    public async Task<ExportManifest?> FindAsync(Guid tenantId, Guid archiveId, CancellationToken cancellationToken)
    {
        foreach (var (_, prefix) in PlacesOf(tenantId))
        {
            var name = $"{prefix}{archiveId:n}/{ManifestFile}";
            if (await container.GetBlobClient(name).ExistsAsync(cancellationToken))
            {
                return await ReadAsync(name, cancellationToken);
            }
        }

        return null;
    }

    /// <summary>Deletes what was restored two weeks ago or earlier.</summary>
    /// <returns>How many restores.</returns>
    public async Task<int> ExpireRestoresAsync(CancellationToken cancellationToken)
    {
        if (!await container.ExistsAsync(cancellationToken))
        {
            return 0;
        }

        var expired = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, Restores, cancellationToken))
        {
            if (TenantExport.NameOfManifest(blob.Name) is { } name
                && blob.Properties.LastModified + RestoresKept <= time.GetUtcNow())
            {
                expired.Add(name);
            }
        }

        foreach (var name in expired)
        {
            await export.DeleteAsync(name, cancellationToken);
        }

        return expired.Count;
    }

    private static string RestoresOf(Guid tenantId) => $"{Restores}{tenantId:n}/";

    private static (ArchiveKind Kind, string Prefix)[] PlacesOf(Guid tenantId) =>
        [(ArchiveKind.History, Move.ArchivesOf(tenantId)), (ArchiveKind.Restore, RestoresOf(tenantId))];

    /// <summary>Writes an archive as one ZIP file: the manifest and the files that it names, as they are.</summary>
    public async Task WriteAsync(ExportManifest manifest, Stream to, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        await using var zip = await ZipArchive.CreateAsync(
            to, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        foreach (var blob in manifest.Chunks.Select(chunk => chunk.Blob).Prepend($"{manifest.Name}/{ManifestFile}"))
        {
            // They are compressed already.
            var entry = zip.CreateEntry(blob[(manifest.Name.Length + 1)..], CompressionLevel.NoCompression);
            await using var file = await entry.OpenAsync(cancellationToken);
            await container.GetBlobClient(blob).DownloadToAsync(file, cancellationToken);
        }
    }

    private async Task<ExportManifest> ReadAsync(string blob, CancellationToken cancellationToken) =>
        JsonText.Read<ExportManifest>(
            (await container.GetBlobClient(blob).DownloadContentAsync(cancellationToken)).Value.Content.ToString());
}

/// <summary>What a tenant can download.</summary>
/// <param name="Id">Its id: that of the operation that made it.</param>
/// <param name="Kind">What it is.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
/// <param name="ExpiresAt">When it is deleted, UTC; absent when it is kept.</param>
/// <param name="FirstDay">The first UTC day of its points.</param>
/// <param name="LastDay">The last UTC day of its points.</param>
/// <param name="Rows">Rows of all tables in it.</param>
/// <param name="Bytes">Its size, bytes.</param>
public sealed record TenantArchive(
    Guid Id,
    ArchiveKind Kind,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateOnly? FirstDay,
    DateOnly? LastDay,
    long Rows,
    long Bytes);

/// <summary>What an archive is.</summary>
public enum ArchiveKind
{
    /// <summary>History that a plan does not retain.</summary>
    History,

    /// <summary>What was restored as of some moment.</summary>
    Restore,
}
