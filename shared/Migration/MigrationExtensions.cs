using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Configuration;

namespace WebHost.Migration;

/// <summary>Adds what moves a tenant's rows from one database to another.</summary>
public static class MigrationExtensions
{
    /// <summary>Adds planning, export, import, catching up and the cutover.</summary>
    public static IServiceCollection AddTenantMoves(this IServiceCollection services)
    {
        services.AddSingleton<MovingConnections>();
        services.AddSingleton<CatchUp>();
        services.AddSingleton<Fence>();
        services.AddSingleton<Cutover>();
        services.AddSingleton<MoveStore>();
        services.AddSingleton<MovePlanner>();
        services.AddKeyedSingleton(
            TenantExport.Container,
            (provider, _) => new BlobContainerClient(provider.GetRequiredService<Settings>().BlobStorage, TenantExport.Container));
        services.AddSingleton<TenantExport>();
        services.AddSingleton<TenantImport>();
        services.AddSingleton<TenantArchives>();
        return services;
    }
}
