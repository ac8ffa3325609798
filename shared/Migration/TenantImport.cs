using System.IO.Compression;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Brings an export into a database where the tenant is expected (<see cref="TenantDatabaseSetup.ExpectTenantAsync"/>). Each
/// file arrives in one transaction, which compares its rows with the manifest and notes that it has arrived: repeating the
/// import after an interruption goes on behind the last file, and repeating a file changes nothing.
/// </summary>
public sealed partial class TenantImport(
    [FromKeyedServices(TenantExport.Container)] BlobContainerClient container,
    MovingConnections connections,
    TimeProvider time,
    ILogger<TenantImport> logger)
{
    private const int BlockBytes = 4 << 20;

    /// <summary>Imports what has not arrived yet.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="export">A finished export.</param>
    /// <param name="progress">Told after each file.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="MigrationMismatchException">A file is not what the manifest says; nothing of it was taken.</exception>
    /// <exception cref="InvalidOperationException">The databases' schemas differ, or the format is not known.</exception>
    public async Task RunAsync(
        TenantDatabaseAddress target,
        ExportManifest export,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(export);
        var arrived = await BeginAsync(target, export, cancellationToken);
        var open = export.Chunks.Where(chunk => !arrived.Contains(chunk.Blob)).ToList();
        var openRows = open.Sum(chunk => chunk.Digest.Rows);
        LogBegun(logger, export.TenantId, export.Name, export.Rows, export.Chunks.Count - open.Count);
        var meter = new TransferMeter(
            export.Chunks.Count, export.Chunks.Count - open.Count, export.Rows, export.Rows - openRows, progress, time);

        async Task ImportAsync(NpgsqlConnection connection, ExportedChunk chunk, CancellationToken token)
        {
            await ReadAsync(
                connection,
                export,
                chunk,
                transaction => AwayTenant.ShareAsync(transaction, export.TenantId, token),
                (staged, table) => table.Time is null ? staged.ReplaceAsync(token) : staged.AddAsync(token),
                token);
            meter.Add(chunk.Digest.Rows);
        }

        // Whole tables first and in their order, parents before children; then the days, several at once.
        await using (var connection = await connections.OpenAsync(target, cancellationToken))
        {
            foreach (var chunk in open.Where(chunk => chunk.Day is null))
            {
                await ImportAsync(connection, chunk, cancellationToken);
            }
        }

        await ChunkWorkers.RunAsync(
            open.Where(chunk => chunk.Day is not null),
            token => connections.OpenAsync(target, token),
            ImportAsync,
            cancellationToken);
    }

    private async Task<HashSet<string>> BeginAsync(
        TenantDatabaseAddress target, ExportManifest export, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(target, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var schemaVersion = await TenantSchema.VersionAsync(transaction, cancellationToken);
        if (schemaVersion != export.SchemaVersion || export.Format != ExportManifest.CurrentFormat)
        {
            throw new InvalidOperationException(
                $"Export {export.Name} has format {export.Format} and schema {export.SchemaVersion}; database {target.Name} takes "
                + $"format {ExportManifest.CurrentFormat} and has schema {schemaVersion}. Bring both databases to one schema and export anew.");
        }

        return [.. await transaction.Sql("SELECT chunk FROM fleet.arrived_chunks WHERE customer_id = $1", export.TenantId)
            .ListAsync(row => row.GetString(0), cancellationToken)];
    }

    /// <summary>
    /// Has a file's rows join those of a tenant, who may be served there already: of two rows of one key, the newer one stays.
    /// The export may be of an older schema. A file that has arrived is not read again.
    /// </summary>
    /// <param name="target">Where to, and at which epoch the tenant is there.</param>
    /// <param name="export">The export.</param>
    /// <param name="chunk">One of its files.</param>
    /// <param name="cancellationToken">Interrupts it; nothing of the file was taken then.</param>
    /// <exception cref="MigrationMismatchException">The file is not what the manifest says, or gone.</exception>
    /// <exception cref="FenceRefusedException">The tenant is there at another epoch, fenced, or unknown.</exception>
    /// <exception cref="InvalidOperationException">The export's form is not known.</exception>
    public async Task JoinAsync(
        JoinedTenant target, ExportManifest export, ExportedChunk chunk, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(export);
        ArgumentNullException.ThrowIfNull(chunk);
        if (export.Format != ExportManifest.CurrentFormat)
        {
            throw new InvalidOperationException(
                $"Export {export.Name} has format {export.Format}; this version reads format {ExportManifest.CurrentFormat}.");
        }

        await using var connection = await connections.OpenAsync(target.Database, cancellationToken);
        if (!await connection.Sql(
            "SELECT true FROM fleet.arrived_chunks WHERE customer_id = $1 AND chunk = $2", export.TenantId, chunk.Blob)
            .FirstAsync(row => row.GetBoolean(0), cancellationToken))
        {
            await ReadAsync(
                connection,
                export,
                chunk,
                transaction => AwayTenant.JoinAsync(transaction, export.TenantId, target.Epoch, cancellationToken),
                (staged, _) => staged.JoinAsync(cancellationToken),
                cancellationToken);
        }
    }

    private async Task ReadAsync(
        NpgsqlConnection connection,
        ExportManifest export,
        ExportedChunk chunk,
        Func<NpgsqlTransaction, Task> hold,
        Func<StagedRows, MovedTable, Task> apply,
        CancellationToken cancellationToken)
    {
        var table = MovedTable.In(export, chunk.Table);
        if (chunk.Day is { } day)
        {
            await StagedRows.EnsurePartitionAsync(connection, table, day, cancellationToken);
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await hold(transaction);
        var staged = new StagedRows(transaction, table, export.TenantId);
        await ReadFileAsync(chunk, rows => staged.FillAsync(rows, cancellationToken), cancellationToken);
        var digest = await staged.DigestAsync(cancellationToken);
        if (chunk.Digest.DifferenceFrom(digest, "in the manifest", "in the file") is { } difference)
        {
            throw new MigrationMismatchException(chunk.Table, chunk.Day, difference);
        }

        await apply(staged, table);
        await transaction.Sql("INSERT INTO fleet.arrived_chunks (customer_id, chunk) VALUES ($1, $2)", export.TenantId, chunk.Blob)
            .RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Reads a file's rows.</summary>
    /// <param name="chunk">The file.</param>
    /// <param name="read">
    /// Reads the rows, in COPY's binary format. What it throws on data that make no sense means damage.
    /// </param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <exception cref="MigrationMismatchException">The file is gone, damaged, or not the one that was written.</exception>
    internal async Task ReadFileAsync(
        ExportedChunk chunk, Func<Stream, Task> read, CancellationToken cancellationToken)
    {
        using var sha256 = SHA256.Create();
        await using var blob = await OpenAsync(chunk, cancellationToken);
        await using var hashed = new CryptoStream(blob, sha256, CryptoStreamMode.Read);
        try
        {
            await using (var rows = new BrotliStream(hashed, CompressionMode.Decompress, leaveOpen: true))
            {
                await read(rows);
            }

            await hashed.CopyToAsync(Stream.Null, cancellationToken);
        }
        catch (Exception unreadable) when (
            unreadable is InvalidDataException or InvalidOperationException
            // Data exceptions, protocol violations, and a length that is larger than any field's.
            or PostgresException { SqlState: ['2', '2', ..] or ['0', '8', ..] or ['5', '4', ..] })
        {
            throw new MigrationMismatchException(chunk.Table, chunk.Day, $"file {chunk.Blob} is damaged", unreadable);
        }

        if (Convert.ToHexStringLower(sha256.Hash!) != chunk.Sha256)
        {
            throw new MigrationMismatchException(chunk.Table, chunk.Day, $"file {chunk.Blob} is not the one that was written");
        }
    }

    private async Task<Stream> OpenAsync(ExportedChunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            return await container.GetBlobClient(chunk.Blob).OpenReadAsync(
                new BlobOpenReadOptions(allowModifications: false) { BufferSize = BlockBytes }, cancellationToken);
        }
        catch (RequestFailedException absent) when (absent.Status == 404)
        {
            throw new MigrationMismatchException(chunk.Table, chunk.Day, $"file {chunk.Blob} is gone", absent);
        }
    }

    [LoggerMessage(710, LogLevel.Information, "Tenant {TenantId}: import of {Export}, {Rows} rows, begins; {Done} files have arrived.")]
    private static partial void LogBegun(ILogger logger, Guid tenantId, string export, long rows, int done);
}

/// <summary>A tenant whom rows join where it is away, or served already.</summary>
/// <param name="Database">The database.</param>
/// <param name="TenantId">The tenant.</param>
/// <param name="Epoch">At which epoch it is there.</param>
public sealed record JoinedTenant(TenantDatabaseAddress Database, Guid TenantId, long Epoch);
