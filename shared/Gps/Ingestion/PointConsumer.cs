using System.Text.Json;
using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Placement;

namespace WebHost.Gps.Ingestion;

/// <summary>A message whose batch can never be written.</summary>
/// <param name="Message">The message.</param>
/// <param name="Reason">Why.</param>
public sealed record PoisonMessage(ServiceBusReceivedMessage Message, string Reason);

/// <summary>
/// Takes batches from the queue to the journal and the tenants' databases. Databases are written at the same time and apart
/// from each other: what cannot be written for the moment is set aside, and the others' batches are done.
/// </summary>
public sealed partial class PointConsumer(
    PlacementCache placements, PointWriter writer, PointJournal journal, PointQueue queue, ILogger<PointConsumer> logger)
{
    // Long enough for a loaded database, short enough that messages keep their locks (30 s).
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(15);

    /// <summary>Writes the batches of these messages. When it returns, every message is done but for the poison ones.</summary>
    public async Task<IReadOnlyList<PoisonMessage>> ConsumeAsync(
        IReadOnlyList<ServiceBusReceivedMessage> messages, CancellationToken cancellationToken)
    {
        var poison = new List<PoisonMessage>();
        var received = await JournalAsync(Read(messages, poison), cancellationToken);
        var placed = new List<PlacedBatch>();
        foreach (var (message, batch) in received)
        {
            if (await PlaceAsync(batch, cancellationToken) is { } placement)
            {
                placed.Add(new PlacedBatch(message, batch, placement));
            }
            else
            {
                await queue.SetAsideAsync(message, journaled: true, cancellationToken);
            }
        }

        var refused = await Task.WhenAll(placed
            .GroupBy(batch => batch.Placement.DatabaseId!.Value)
            .Select(group => WriteAsync(group.Key, [.. group], cancellationToken)));
        return [.. poison, .. refused.SelectMany(r => r)];
    }

    private static List<(ServiceBusReceivedMessage Message, PointBatch Batch)> Read(
        IReadOnlyList<ServiceBusReceivedMessage> messages, List<PoisonMessage> poison)
    {
        var read = new List<(ServiceBusReceivedMessage, PointBatch)>(messages.Count);
        foreach (var message in messages)
        {
            try
            {
                read.Add((message, PointBatch.FromBytes(message.Body.ToMemory().Span)));
            }
            catch (JsonException unreadable)
            {
                poison.Add(new PoisonMessage(message, unreadable.Message));
            }
        }

        return read;
    }

    // No journal, no row: what a database loses must be in the journal. Answers those that are.
    private async Task<IReadOnlyList<(ServiceBusReceivedMessage Message, PointBatch Batch)>> JournalAsync(
        List<(ServiceBusReceivedMessage Message, PointBatch Batch)> received, CancellationToken cancellationToken)
    {
        var fresh = received.Where(r => !PointQueue.IsJournaled(r.Message)).ToList();
        try
        {
            await journal.AppendAsync([.. fresh.Select(r => r.Batch)], cancellationToken);
            return received;
        }
        catch (Exception unavailable) when (!cancellationToken.IsCancellationRequested)
        {
            LogNoJournal(logger, fresh.Count, unavailable);
            foreach (var (message, _) in fresh)
            {
                await queue.SetAsideAsync(message, journaled: false, cancellationToken);
            }

            return [.. received.Except(fresh)];
        }
    }

    private async Task<TenantPlacement?> PlaceAsync(PointBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await placements.GetServedAsync(batch.TenantId, cancellationToken);
        }
        catch (Exception nowhere) when (nowhere is TenantNotServedException or TenantUnknownException)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<PoisonMessage>> WriteAsync(
        Guid databaseId, IReadOnlyList<PlacedBatch> batches, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(WriteLimit);
        try
        {
            var admitted = await writer.WriteAsync(databaseId, batches, limit.Token);
            foreach (var batch in batches.Where(batch => !admitted.Contains(batch.Batch.TenantId)))
            {
                // Moved or about to move: the next look shows where to.
                placements.Forget(batch.Batch.TenantId);
                await queue.SetAsideAsync(batch.Message, journaled: true, cancellationToken);
            }

            return [];
        }
        catch (PostgresException refused) when (IsAboutTheRows(refused))
        {
            return await FindPoisonAsync(databaseId, batches, refused, cancellationToken);
        }
        catch (Exception unavailable) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnavailable(logger, databaseId, batches.Count, unavailable);
            foreach (var batch in batches)
            {
                placements.Forget(batch.Batch.TenantId);
                await queue.SetAsideAsync(batch.Message, journaled: true, cancellationToken);
            }

            return [];
        }
    }

    // Class 22 (data exception) and 23 (integrity): the same rows will be refused again.
    private static bool IsAboutTheRows(PostgresException exception) =>
        exception.SqlState.StartsWith("22", StringComparison.Ordinal) || exception.SqlState.StartsWith("23", StringComparison.Ordinal);

    // One batch spoils the statement for all: halves are tried until it stands alone.
    private async Task<IReadOnlyList<PoisonMessage>> FindPoisonAsync(
        Guid databaseId, IReadOnlyList<PlacedBatch> batches, PostgresException refused, CancellationToken cancellationToken)
    {
        if (batches is [var only])
        {
            LogPoison(logger, only.Batch.TenantId, only.Batch.DeviceId, refused);
            return [new PoisonMessage(only.Message, refused.MessageText)];
        }

        var half = batches.Count / 2;
        return
        [
            .. await WriteAsync(databaseId, [.. batches.Take(half)], cancellationToken),
            .. await WriteAsync(databaseId, [.. batches.Skip(half)], cancellationToken),
        ];
    }

    [LoggerMessage(400, LogLevel.Warning, "Database {DatabaseId} takes no points for the moment; {Count} batches are set aside.")]
    private static partial void LogUnavailable(ILogger logger, Guid databaseId, int count, Exception exception);

    [LoggerMessage(402, LogLevel.Warning, "The journal takes nothing for the moment; {Count} batches are set aside.")]
    private static partial void LogNoJournal(ILogger logger, int count, Exception exception);

    [LoggerMessage(401, LogLevel.Error, "A batch of tenant {TenantId}, device {DeviceId} cannot be written.")]
    private static partial void LogPoison(ILogger logger, Guid tenantId, Guid deviceId, Exception exception);
}

/// <summary>A batch and where its tenant lives.</summary>
/// <param name="Message">The message that brought it.</param>
/// <param name="Batch">The batch.</param>
/// <param name="Placement">Where the tenant lives.</param>
public sealed record PlacedBatch(ServiceBusReceivedMessage Message, PointBatch Batch, TenantPlacement Placement);
