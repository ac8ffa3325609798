using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Configuration;
using WebHost.Migration;

namespace WebHost.Backups;

/// <summary>Adds what makes, keeps and restores tenants' backups.</summary>
public static class BackupExtensions
{
    /// <summary>Adds backups, with export and import of their own container.</summary>
    public static IServiceCollection AddTenantBackups(this IServiceCollection services)
    {
        services.AddKeyedSingleton(
            TenantBackups.Container,
            (provider, _) => ContainerOf(provider.GetRequiredService<Settings>()));
        services.AddKeyedSingleton(
            TenantBackups.Container,
            (provider, key) => ActivatorUtilities.CreateInstance<TenantExport>(
                provider, provider.GetRequiredKeyedService<BlobContainerClient>(key)));
        services.AddKeyedSingleton(
            TenantBackups.Container,
            (provider, key) => ActivatorUtilities.CreateInstance<TenantImport>(
                provider, provider.GetRequiredKeyedService<BlobContainerClient>(key)));
        services.AddSingleton<BackupStore>();
        services.AddSingleton<TenantBackups>();
        services.AddSingleton<JournalReplay>();
        services.AddSingleton<BackupRestore>();
        services.AddSingleton<ScratchDatabases>();
        services.AddSingleton<BackupProof>();
        services.AddSingleton<RestorePlanner>();
        services.AddSingleton<JournalRetention>();
        return services;
    }

    private static BlobContainerClient ContainerOf(Settings settings) =>
        new(settings.Backups.Storage ?? settings.BlobStorage, TenantBackups.Container);
}
