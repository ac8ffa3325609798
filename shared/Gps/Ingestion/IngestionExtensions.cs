using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using WebHost.Configuration;

namespace WebHost.Gps.Ingestion;

/// <summary>Adds the way of a point from the door to the tenant's database.</summary>
public static class IngestionExtensions
{
    /// <summary>Adds queue, journal, writer, consumer and dead letters.</summary>
    public static IServiceCollection AddPointIngestion(this IServiceCollection services)
    {
        services.AddSingleton<PointQueue>();
        services.AddSingleton<PointWriter>();
        services.AddSingleton<PointConsumer>();
        services.AddSingleton<DeadLetters>();
        services.AddSingleton(provider => new PointJournal(
            new BlobContainerClient(provider.GetRequiredService<Settings>().BlobStorage, PointJournal.Container),
            provider.GetRequiredService<Data.ControlDatabase>(),
            provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
