using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Configuration;

namespace WebHost.Migration;

/// <summary>Adds what moves a tenant's rows from one database to another.</summary>
public static class MigrationExtensions
{
    /// <summary>Adds export, import, catching up and the fence.</summary>
    public static IServiceCollection AddTenantMoves(this IServiceCollection services)
    {
        services.AddSingleton<MovingConnections>();
        services.AddSingleton<CatchUp>();
        services.AddSingleton<Fence>();
        services.AddKeyedSingleton(
            TenantExport.Container,
            (provider, _) => new BlobContainerClient(provider.GetRequiredService<Settings>().BlobStorage, TenantExport.Container));
        services.AddSingleton<TenantExport>();
        services.AddSingleton<TenantImport>();
        return services;
    }
}
