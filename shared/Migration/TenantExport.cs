using System.Collections.Concurrent;
using System.IO.Compression;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Data;
using WebHost.Json;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Copies a tenant's rows into blobs: one file a table and day, each COPY's binary format compressed with Brotli, and a
/// manifest. Rows stream from the database into the blobs, so the memory needed does not depend on their number. The whole
/// export shows one moment; when it was interrupted, what was finished is kept, and the manifest's mark is that of the first
/// moment, so that <see cref="CatchUp"/> misses nothing. README.md says how to read an export without this program.
/// </summary>
public sealed partial class TenantExport(
    [FromKeyedServices(TenantExport.Container)] BlobContainerClient container,
    MovingConnections connections,
    TimeProvider time,
    ILogger<TenantExport> logger)
{
    /// <summary>Name of the blob container.</summary>
    public const string Container = "exports";

    private const string ManifestFile = "/manifest.json";
    private const int BlockBytes = 4 << 20;
    private const int CopyBufferBytes = 128 << 10;

    /// <summary>Exports, or goes on with an export of that name that was interrupted. A finished one is answered as it is.</summary>
    /// <param name="source">Where the rows are.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="name">What the names of the blobs begin with; one name, one export.</param>
    /// <param name="days">Which days of the tables that are divided by days.</param>
    /// <param name="progress">Told after each file.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public Task<ExportManifest> RunAsync(
        TenantDatabaseAddress source,
        Guid tenantId,
        string name,
        DayRange days,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken) =>
        RunAsync(source, tenantId, name, days, basis: null, progress, cancellationToken);

    /// <summary>Exports, and refers to the files of an earlier export instead of writing those whose rows are the same.</summary>
    /// <param name="source">Where the rows are.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="name">What the names of the blobs begin with; one name, one export.</param>
    /// <param name="days">Which days of the tables that are divided by days.</param>
    /// <param name="basis">The earlier export, in the same container; all files are written when null.</param>
    /// <param name="progress">Told after each file.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public async Task<ExportManifest> RunAsync(
        TenantDatabaseAddress source,
        Guid tenantId,
        string name,
        DayRange days,
        ExportManifest? basis,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        if (await FindManifestAsync(name, cancellationToken) is { } manifest)
        {
            return manifest;
        }

        var earlier = Reusable(basis);
        var referred = new ConcurrentDictionary<string, ExportedChunk>();
        string mark;
        string schemaVersion;
        List<PlannedChunk> plan;
        await using (var snapshot = await SourceSnapshot.TakeAsync(connections, source, cancellationToken))
        {
            mark = await KeepFirstAsync(name, snapshot, cancellationToken);
            schemaVersion = await TenantSchema.VersionAsync(snapshot.Transaction, cancellationToken);
            plan = await PlanAsync(snapshot.Transaction, tenantId, days, cancellationToken);
            var done = await ListFinishedAsync(name, cancellationToken);
            var open = plan.Where(chunk => !done.ContainsKey(chunk.BlobName(name))).ToList();
            var (rows, openRows) = (plan.Sum(chunk => chunk.Rows), open.Sum(chunk => chunk.Rows));
            LogBegun(logger, tenantId, name, plan.Count, rows, plan.Count - open.Count);
            var meter = new TransferMeter(plan.Count, plan.Count - open.Count, rows, rows - openRows, progress, time);
            await ChunkWorkers.RunAsync(
                open,
                token => OpenSharingAsync(source, snapshot, token),
                async (connection, chunk, token) =>
                {
                    var digest = await ReadDigestAsync(connection, tenantId, chunk, token);
                    if (earlier.TryGetValue((chunk.Table.Name, chunk.Day), out var same)
                        && same.Digest == digest
                        && await IsThereAsync(same, token))
                    {
                        referred[chunk.BlobName(name)] = same;
                    }
                    else
                    {
                        await WriteAsync(connection, tenantId, name, chunk, digest, token);
                    }

                    meter.Add(chunk.Rows);
                },
                cancellationToken);
        }

        var finished = await ListFinishedAsync(name, cancellationToken);
        manifest = new ExportManifest
        {
            Format = ExportManifest.CurrentFormat,
            Name = name,
            TenantId = tenantId,
            SchemaVersion = schemaVersion,
            Mark = mark,
            FinishedAt = time.GetUtcNow(),
            Columns = MovedTable.All.ToDictionary(table => table.Name, table => table.Columns),
            Chunks = [.. plan.Select(chunk => chunk.BlobName(name)).Select(blob => referred.GetValueOrDefault(blob) ?? finished[blob])],
        };
        await container.GetBlobClient(ManifestName(name)).UploadAsync(
            new BinaryData(JsonText.Of(manifest).Text), overwrite: true, cancellationToken);
        LogFinished(logger, tenantId, name, manifest.Rows, manifest.Bytes);
        return manifest;
    }

    /// <summary>
    /// Keeps this moment of the source as the mark of an export that is made later. Repeating it is harmless: the first
    /// moment stays.
    /// </summary>
    /// <param name="source">Where the rows are.</param>
    /// <param name="name">The export's.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    public async Task MarkAsync(TenantDatabaseAddress source, string name, CancellationToken cancellationToken)
    {
        await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        await using var snapshot = await SourceSnapshot.TakeAsync(connections, source, cancellationToken);
        await KeepFirstAsync(name, snapshot, cancellationToken);
    }

    /// <summary>The manifest of a finished export, or null.</summary>
    public async Task<ExportManifest?> FindManifestAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var content = await container.GetBlobClient(ManifestName(name)).DownloadContentAsync(cancellationToken);
            return JsonText.Read<ExportManifest>(content.Value.Content.ToString());
        }
        catch (RequestFailedException absent) when (absent.Status == 404)
        {
            return null;
        }
    }

    /// <summary>The name of the finished export whose manifest a blob is, or null when it is none.</summary>
    internal static string? NameOfManifest(string blob) =>
        blob.EndsWith(ManifestFile, StringComparison.Ordinal) ? blob[..^ManifestFile.Length] : null;

    private static string ManifestName(string name) => name + ManifestFile;

    private static async Task<List<PlannedChunk>> PlanAsync(
        NpgsqlTransaction snapshot, Guid tenantId, DayRange days, CancellationToken cancellationToken)
    {
        var plan = new List<PlannedChunk>();
        foreach (var table in MovedTable.All)
        {
            plan.AddRange(table.Time is null
                ? await snapshot.Sql($"SELECT count(*) FROM {table.Table} WHERE {table.Where(tenantId)}")
                    .ListAsync(row => new PlannedChunk(table, null, row.GetInt64(0)), cancellationToken)
                : await snapshot.Sql(
                    $"SELECT {table.Day}, count(*) FROM {table.Table} WHERE {table.Where(tenantId, days)} GROUP BY 1 ORDER BY 1")
                    .ListAsync(row => new PlannedChunk(table, row.GetFieldValue<DateOnly>(0), row.GetInt64(1)), cancellationToken));
        }

        return plan;
    }

    private async Task<NpgsqlConnection> OpenSharingAsync(
        TenantDatabaseAddress source, SourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        var connection = await connections.OpenAsync(source, cancellationToken);
        try
        {
            await snapshot.ShareAsync(connection, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // A file is written anew when its form has changed since.
    private static Dictionary<(string Table, DateOnly? Day), ExportedChunk> Reusable(ExportManifest? basis) =>
        basis is not { Format: ExportManifest.CurrentFormat }
            ? []
            : MovedTable.All
                .Where(table => basis.Columns.GetValueOrDefault(table.Name) == table.Columns)
                .SelectMany(table => basis.Chunks.Where(chunk => chunk.Table == table.Name))
                .ToDictionary(chunk => (chunk.Table, chunk.Day));

    private async Task<bool> IsThereAsync(ExportedChunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            var found = await container.GetBlobClient(chunk.Blob).GetPropertiesAsync(cancellationToken: cancellationToken);
            return found.Value.ContentLength == chunk.Bytes && ExportedChunk.IsDescribed(found.Value.Metadata, chunk.Sha256);
        }
        catch (RequestFailedException absent) when (absent.Status == 404)
        {
            return false;
        }
    }

    private static async Task<RowDigest> ReadDigestAsync(
        NpgsqlConnection connection, Guid tenantId, PlannedChunk chunk, CancellationToken cancellationToken) =>
        (await connection.Sql(
            $"SELECT {RowDigest.Select(chunk.Table)} FROM {chunk.Table.Table} WHERE {chunk.Table.Where(tenantId, chunk.Day)}")
            .FirstAsync(RowDigest.Read, cancellationToken))!;

    // The blob's metadata is written last: a blob without it is not finished.
    private async Task WriteAsync(
        NpgsqlConnection connection,
        Guid tenantId,
        string name,
        PlannedChunk chunk,
        RowDigest digest,
        CancellationToken cancellationToken)
    {
        var from = $"FROM {chunk.Table.Table} WHERE {chunk.Table.Where(tenantId, chunk.Day)}";
        var client = container.GetBlobClient(chunk.BlobName(name));
        using var sha256 = SHA256.Create();
        await using (var blob = await client.OpenWriteAsync(
            overwrite: true, new BlobOpenWriteOptions { BufferSize = BlockBytes }, cancellationToken))
        await using (var hashed = new CryptoStream(blob, sha256, CryptoStreamMode.Write))
        await using (var compressed = new BrotliStream(hashed, CompressionLevel.Fastest))
        await using (var collected = new BufferedStream(compressed, CopyBufferBytes))
        await using (var rows = await connection.BeginRawBinaryCopyAsync(
            $"COPY (SELECT {chunk.Table.Columns} {from}) TO STDOUT (FORMAT binary)", cancellationToken))
        {
            // Rows come one by one, and Brotli at this level compresses only within what it is given at once.
            await rows.CopyToAsync(collected, CopyBufferBytes, cancellationToken);
        }

        await client.SetMetadataAsync(
            ExportedChunk.Describe(chunk.Table.Name, chunk.Day, digest, sha256.Hash!), cancellationToken: cancellationToken);
    }

    private async Task<Dictionary<string, ExportedChunk>> ListFinishedAsync(string name, CancellationToken cancellationToken)
    {
        var finished = new Dictionary<string, ExportedChunk>();
        await foreach (var blob in container.GetBlobsAsync(
            BlobTraits.Metadata, BlobStates.None, $"{name}/", cancellationToken))
        {
            if (ExportedChunk.Read(blob) is { } chunk)
            {
                finished.Add(chunk.Blob, chunk);
            }
        }

        return finished;
    }

    // Writes the moment as the export's mark unless it has one, and answers which it is.
    private async Task<string> KeepFirstAsync(string name, SourceSnapshot snapshot, CancellationToken cancellationToken)
    {
        var client = container.GetBlobClient($"{name}/mark");
        try
        {
            await client.UploadAsync(new BinaryData(snapshot.Mark), overwrite: false, cancellationToken);
            return snapshot.Mark;
        }
        catch (RequestFailedException present) when (present.Status == 409)
        {
            return (await client.DownloadContentAsync(cancellationToken)).Value.Content.ToString();
        }
    }

    /// <summary>Deletes an export, finished or not. One that is not there is deleted already.</summary>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        if (!await container.ExistsAsync(cancellationToken))
        {
            return;
        }

        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{name}/", cancellationToken))
        {
            await container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellationToken);
        }
    }

    [LoggerMessage(700, LogLevel.Information, "Tenant {TenantId}: export {Export} of {Rows} rows in {Chunks} files begins; {Done} files are there.")]
    private static partial void LogBegun(ILogger logger, Guid tenantId, string export, int chunks, long rows, int done);

    [LoggerMessage(701, LogLevel.Information, "Tenant {TenantId}: export {Export} is finished: {Rows} rows, {Bytes} bytes.")]
    private static partial void LogFinished(ILogger logger, Guid tenantId, string export, long rows, long bytes);

    private sealed record PlannedChunk(MovedTable Table, DateOnly? Day, long Rows)
    {
        public string BlobName(string export) => ExportedChunk.BlobName(export, Table.Name, Day);
    }
}
