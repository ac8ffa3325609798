using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Configuration;

namespace WebHost.Gps.Ingestion;

/// <summary>Adds the way of a point from the door to the tenant's database.</summary>
public static class IngestionExtensions
{
    /// <summary>Adds queue, journal and its reader, writer, consumer and dead letters.</summary>
    public static IServiceCollection AddPointIngestion(this IServiceCollection services)
    {
        services.AddSingleton<PointQueue>();
        services.AddSingleton<PointWriter>();
        services.AddSingleton<PointConsumer>();
        services.AddSingleton<DeadLetters>();
        services.AddKeyedSingleton(
            PointJournal.Container,
            (provider, _) => new BlobContainerClient(provider.GetRequiredService<Settings>().BlobStorage, PointJournal.Container));
        services.AddSingleton<PointJournal>();
        services.AddSingleton<JournalReader>();
        return services;
    }
}
