using System.IO.Compression;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Json;

namespace WebHost.Migration;

/// <summary>What tenants keep of the history that their plan does not retain any more.</summary>
public sealed class TenantArchives([FromKeyedServices(TenantExport.Container)] BlobContainerClient container)
{
    private const string ManifestFile = "manifest.json";

    /// <summary>A tenant's archives, newest first.</summary>
    public async Task<IReadOnlyList<TenantArchive>> ListAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var archives = new List<TenantArchive>();
        if (!await container.ExistsAsync(cancellationToken))
        {
            return archives;
        }

        await foreach (var blob in container.GetBlobsAsync(
            BlobTraits.None, BlobStates.None, Move.ArchivesOf(tenantId), cancellationToken))
        {
            if (blob.Name.EndsWith($"/{ManifestFile}", StringComparison.Ordinal))
            {
                var manifest = await ReadAsync(blob.Name, cancellationToken);
                var days = manifest.Chunks.Where(chunk => chunk.Table == "points").Select(chunk => chunk.Day).ToList();
                archives.Add(new TenantArchive(
                    Guid.ParseExact(manifest.Name[Move.ArchivesOf(tenantId).Length..], "n"),
                    manifest.FinishedAt,
                    days.Min(),
                    days.Max(),
                    manifest.Rows,
                    manifest.Bytes));
            }
        }

        return [.. archives.OrderByDescending(archive => archive.CreatedAt)];
    }

    /// <summary>An archive's manifest, or null when there is no such archive.</summary>
    public async Task<ExportManifest?> FindAsync(Guid tenantId, Guid archiveId, CancellationToken cancellationToken)
    {
        var name = $"{Move.ArchivesOf(tenantId)}{archiveId:n}/{ManifestFile}";
        return await container.GetBlobClient(name).ExistsAsync(cancellationToken)
            ? await ReadAsync(name, cancellationToken)
            : null;
    }

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

/// <summary>History that a plan does not retain, kept for the tenant.</summary>
/// <param name="Id">Its id.</param>
/// <param name="CreatedAt">When it was made, UTC.</param>
/// <param name="FirstDay">The first UTC day of its points.</param>
/// <param name="LastDay">The last UTC day of its points.</param>
/// <param name="Rows">Rows of all tables in it.</param>
/// <param name="Bytes">Its size, bytes.</param>
public sealed record TenantArchive(
    Guid Id, DateTimeOffset CreatedAt, DateOnly? FirstDay, DateOnly? LastDay, long Rows, long Bytes);
