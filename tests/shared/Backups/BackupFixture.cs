using Microsoft.Extensions.Logging.Abstractions;
using WebHost.Backups;
using WebHost.Configuration;
using WebHost.Placement;
using WebHost.Security;
using WebHost.Tests.Migration;

namespace WebHost.Tests.Backups;

/// <summary>Two tenant databases and a blob container for backups, of a test class's own.</summary>
public sealed class BackupFixture : IAsyncLifetime
{
    public MigrationFixture Moving { get; } = new();

    public BackupStore Store => new(Moving.Control.Control, TimeProvider.System);

    public TenantBackups Backups => Keeping(new BackupSettings());

    public ValueTask InitializeAsync() => Moving.InitializeAsync();

    public ValueTask DisposeAsync() => Moving.DisposeAsync();

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

    private static Settings Of(BackupSettings rules) => new()
    {
        ControlDatabase = "",
        ServiceBus = "",
        BlobStorage = "",
        TenantDomain = "",
        Secrets = SecretProtector.FromSetting("k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        OperatorKeys = [],
        SignupSecrets = [],
        StripeSecrets = [],
        StepAttempts = 1,
        FirstRetryInterval = TimeSpan.FromSeconds(1),
        LongestRetryInterval = TimeSpan.FromSeconds(1),
        Backups = rules,
    };
}
