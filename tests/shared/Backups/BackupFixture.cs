using System.IO.Compression;
using System.Security.Cryptography;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Gps.Ingestion;
using WebHost.Migration;
using WebHost.Placement;
using WebHost.Testing;
using WebHost.Tests.Migration;

namespace WebHost.Tests.Backups;

/// <summary>Two tenant databases and a blob container for backups, of a test class's own.</summary>
public sealed class BackupFixture : IAsyncLifetime
{
    public MigrationFixture Moving { get; } = new();

    public BackupStore Store => new(Moving.Control.Control, TimeProvider.System);

    public TenantBackups Backups => Keeping(new BackupSettings());

    public BlobContainerClient JournalBlobs { get; private set; } = null!;

    public PointJournal Journal => JournalAt(TimeProvider.System);

    public JournalReader JournalReader => new(JournalBlobs, Moving.Control.Control);

    public JournalReplay Replay => new(JournalReader, Moving.Connections, NullLogger<JournalReplay>.Instance);

    public BackupRestore Restore => new(
        Store, Backups, Moving.Import, Replay, TimeProvider.System, NullLogger<BackupRestore>.Instance);

    public ScratchDatabases Scratch => new(
        Of(new BackupSettings { ScratchDatabase = TestDatabase.ServerConnectionString }),
        Moving.Control.Control,
        Moving.Control.Databases,
        Moving.Control.Setup,
        Moving.Control.Secrets,
        Moving.Connections);

    public BackupProof Proof => new(Scratch, Restore, Backups, Store, Moving.Connections);

    public async ValueTask InitializeAsync()
    {
        await Moving.InitializeAsync();
        JournalBlobs = Moving.Blobs.GetParentBlobServiceClient().GetBlobContainerClient($"journal-{Guid.NewGuid():n}");
        await JournalBlobs.CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await JournalBlobs.DeleteIfExistsAsync();
        await Moving.DisposeAsync();
    }

    /// <summary>A journal that is written at a time.</summary>
    public PointJournal JournalAt(TimeProvider time) => new(JournalBlobs, Moving.Control.Control, time);

    /// <summary>What trims the journal at a time.</summary>
    public JournalRetention RetentionAt(TimeProvider time) => new(
        JournalBlobs, Moving.Control.Control, Of(new BackupSettings()), time, NullLogger<JournalRetention>.Instance);

    /// <summary>Writes batches into the journal alone.</summary>
    public Task AppendAsync(params IReadOnlyList<PointBatch> batches) =>
        Journal.AppendAsync([.. batches.Select(PointSegment.Write)], default);

    /// <summary>
    /// Takes batches as the consumer of the queue does: into the journal, then into the tenant's database.
    /// </summary>
    public async Task ConsumeAsync(TenantPlacement tenant, params IReadOnlyList<PointBatch> batches)
    {
        await AppendAsync(batches);
        var writer = new PointWriter(new TenantConnections(Moving.Control.Databases));
        var admitted = await writer.WriteAsync(
            Moving.Source.Id, [.. batches.Select(batch => new PlacedBatch(batch, tenant))], default);
        Assert.Contains(tenant.TenantId, admitted);
    }

    /// <summary>Has a tenant expected at the target, at the next epoch.</summary>
    public async Task<JoinedTenant> ExpectAsync(TenantPlacement tenant)
    {
        await Moving.Control.Setup.ExpectTenantAsync(
            Moving.Target, tenant with { Epoch = tenant.Epoch + 1, Home = tenant.Epoch + 1, DatabaseId = Moving.Target.Id }, default);
        return new JoinedTenant(Moving.Target, tenant.TenantId, tenant.Epoch + 1);
    }

    /// <summary>Asserts that the target has, row for row, what the source has.</summary>
    public async Task AssertEqualAsync(Guid tenantId) => Assert.Equal(
        await Moving.ContentAsync(Moving.Source, tenantId), await Moving.ContentAsync(Moving.Target, tenantId));

    /// <summary>Changes a byte in the middle of a file.</summary>
    public async Task DamageAsync(string file)
    {
        var blob = Moving.Blobs.GetBlobClient(file);
        var content = (await blob.DownloadContentAsync()).Value.Content.ToArray();
        content[content.Length / 2] ^= 0x55;
        await blob.UploadAsync(new BinaryData(content), overwrite: true);
    }

    /// <summary>Backups that are kept by other rules.</summary>
    public TenantBackups Keeping(BackupSettings rules) => new(
        Moving.Blobs, Moving.Export, Store, Of(rules), NullLogger<TenantBackups>.Instance);

    /// <summary>A tenant with rows in every table.</summary>
    public async Task<TenantPlacement> AddTenantAsync(int points = 500)
    {
        var tenant = await Moving.Control.AddRoutedTenantAsync();
        await Moving.FillAsync(Moving.Source, tenant.TenantId, points);
        return tenant;
    }

    /// <summary>Adds a backup that is about to be made.</summary>
    public async Task<Backup> BeginAsync(Guid tenantId)
    {
        var backup = new Backup
        {
            Id = Guid.CreateVersion7(),
            TenantId = tenantId,
            State = BackupState.Running,
            Reason = BackupReason.OnDemand,
            StartedAt = DateTimeOffset.UtcNow,
        };
        Assert.True(await Moving.Control.Control.TransactAsync(transaction => BackupStore.AddAsync(transaction, backup, default)));
        return backup;
    }

    /// <summary>Backs a tenant up.</summary>
    public async Task<Backup> BackUpAsync(Guid tenantId) =>
        await Backups.RunAsync(await BeginAsync(tenantId), Moving.Source, null, default);

    /// <summary>Names of all files under a tenant's name.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync(Guid tenantId)
    {
        var files = new List<string>();
        await foreach (var blob in Moving.Blobs.GetBlobsAsync(
            Azure.Storage.Blobs.Models.BlobTraits.None, Azure.Storage.Blobs.Models.BlobStates.None, $"{tenantId:n}/", default))
        {
            files.Add(blob.Name);
        }

        return files;
    }

    /// <summary>Writes a file of the source's rows as an export with other columns would have written it.</summary>
    public async Task<ExportedChunk> WriteFileAsync(Guid tenantId, string table, string columns)
    {
        await using var connection = await Moving.Connections.OpenAsync(Moving.Source, default);
        var digest = await connection.Sql(
            $"SELECT count(*), sum(('x' || left(md5(ROW({columns})::text), 16))::bit(64)::bigint)::text FROM fleet.{table} WHERE customer_id = $1",
            tenantId).FirstAsync(row => new RowDigest(row.GetInt64(0), row.GetString(1)));
        using var file = new MemoryStream();
        await using (var brotli = new BrotliStream(file, CompressionLevel.Fastest, leaveOpen: true))
        await using (var copy = await connection.BeginRawBinaryCopyAsync(
            $"COPY (SELECT {columns} FROM fleet.{table} WHERE customer_id = '{tenantId}') TO STDOUT (FORMAT binary)"))
        {
            await copy.CopyToAsync(brotli);
        }

        var name = $"{tenantId:n}/older/{table}.copy.br";
        await Moving.Blobs.UploadBlobAsync(name, new BinaryData(file.ToArray()));
        return new ExportedChunk(
            name, table, null, digest!, file.Length, Convert.ToHexStringLower(SHA256.HashData(file.ToArray())));
    }

    /// <summary>Settings in which only what is about backups matters.</summary>
    internal static Settings Of(BackupSettings rules) => TestSettings.Any with { Backups = rules };
}
