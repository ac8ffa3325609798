using System.Diagnostics;
using Azure.Messaging.ServiceBus;
using Azure.Storage.Blobs;
using WebHost.Configuration;
using WebHost.Data;
using WebHost.Gps.Ingestion;

namespace WebHost.Monitoring;

/// <summary>How the application is.</summary>
/// <param name="Healthy">Whether every part is well.</param>
/// <param name="Parts">Each part by name.</param>
public sealed record HealthReport(bool Healthy, IReadOnlyDictionary<string, PartHealth> Parts);

/// <summary>How a part is.</summary>
/// <param name="Healthy">Whether it is well.</param>
/// <param name="Milliseconds">How long it took to answer.</param>
/// <param name="Detail">What is wrong.</param>
public sealed record PartHealth(bool Healthy, long Milliseconds, string? Detail);

/// <summary>Looks at everything the application cannot do without. Vendors are not among it: they are needed for changes only.</summary>
public sealed class HealthChecks(ControlDatabase control, ServiceBusClient queues, Settings settings)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Looks at all parts at the same time.</summary>
    public async Task<HealthReport> CheckAsync(CancellationToken cancellationToken)
    {
        var parts = await Task.WhenAll(
            CheckAsync("controlDatabase", CheckControlAsync, cancellationToken),
            CheckAsync("queue", CheckQueueAsync, cancellationToken),
            CheckAsync("blobStorage", CheckBlobsAsync, cancellationToken));
        return new HealthReport(parts.All(part => part.Health.Healthy), parts.ToDictionary(part => part.Name, part => part.Health));
    }

    private static async Task<(string Name, PartHealth Health)> CheckAsync(
        string name, Func<CancellationToken, Task> check, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await check(limit.Token).WaitAsync(limit.Token);
            return (name, new PartHealth(true, clock.ElapsedMilliseconds, null));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Messages of drivers may name hosts and users; the kind of failure is enough for whoever asks from outside.
            var detail = limit.IsCancellationRequested
                ? $"No answer within {Limit.TotalSeconds:0} s."
                : $"It answers with a failure ({exception.GetType().Name}); the log has the rest.";
            return (name, new PartHealth(false, clock.ElapsedMilliseconds, detail));
        }
    }

    private async Task CheckControlAsync(CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        await connection.Sql("SELECT 1").RunAsync(cancellationToken);
    }

    private async Task CheckQueueAsync(CancellationToken cancellationToken)
    {
        await using var receiver = queues.CreateReceiver(PointQueue.Name);
        await receiver.PeekMessageAsync(cancellationToken: cancellationToken);
    }

    private Task CheckBlobsAsync(CancellationToken cancellationToken) =>
        new BlobContainerClient(settings.BlobStorage, PointJournal.Container).ExistsAsync(cancellationToken);
}
