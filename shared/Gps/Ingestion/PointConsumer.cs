using System.Collections.Concurrent;
using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Placement;

namespace WebHost.Gps.Ingestion;

/// <summary>A message that can never be written.</summary>
/// <param name="Message">The message.</param>
/// <param name="Reason">Why.</param>
public sealed record PoisonMessage(ServiceBusReceivedMessage Message, string Reason);

/// <summary>A batch and where its tenant lives.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Placement">Where the tenant lives.</param>
public sealed record PlacedBatch(PointBatch Batch, TenantPlacement Placement);

/// <summary>
/// Takes batches from the queue to the journal and the tenants' databases. Databases are written at the same time and apart
/// from each other: what cannot be written for the moment is set aside, and the others' batches are done.
/// </summary>
public sealed partial class PointConsumer(
    PlacementCache placements, PointWriter writer, PointJournal journal, PointQueue queue, ILogger<PointConsumer> logger)
{
    // More rows a transaction gain little, and a slow database is noticed the later the larger they are.
    private const int PointsPerChunk = 10_000;

    // While one is written, the next goes into the journal.
    private const int ChunksAtOnce = 2;

    // Everybody's points need the journal: there is nobody to let pass while it is slow, only the messages' locks to keep.
    private static readonly TimeSpan JournalLimit = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, Lane> _lanes = new();

    /// <summary>Writes the batches of these messages. When it returns, every message is done but for the poison ones.</summary>
    public async Task<IReadOnlyList<PoisonMessage>> ConsumeAsync(
        IReadOnlyList<ServiceBusReceivedMessage> messages, CancellationToken cancellationToken)
    {
        var turn = new Turn();
        await Parallel.ForEachAsync(
            Divide(Read(messages, turn)),
            new ParallelOptions { MaxDegreeOfParallelism = ChunksAtOnce, CancellationToken = cancellationToken },
            async (items, stop) => await ConsumeAsync(items, turn, stop));
        return [.. turn.Poison];
    }

    private async Task ConsumeAsync(List<Item> items, Turn turn, CancellationToken cancellationToken)
    {
        var received = await JournalAsync(items, turn, cancellationToken);
        await PlaceAsync(received, cancellationToken);
        await Task.WhenAll(received
            .Where(item => item.Placed is not null)
            .GroupBy(item => item.Placed!.Placement.DatabaseId!.Value)
            .Select(database => WriteAsync(database.Key, [.. database], cancellationToken)));
        foreach (var later in received
            .Where(item => item.Outcome == Outcome.NotNow)
            .GroupBy(item => PointQueue.Attempts(item.Message)))
        {
            await queue.SetAsideAsync(later.Select(item => item.Written), later.Key, journaled: true, cancellationToken);
        }

        // A refused batch is sent on alone, so that what becomes a dead letter is what was refused and nothing else.
        var refused = received.FindAll(item => item.Refusal is not null);
        await Task.WhenAll(refused.Where(item => !item.IsAlone).Select(item =>
            queue.SetAsideAsync([item.Written], attempts: null, journaled: true, cancellationToken)));
        foreach (var item in refused.Where(item => item.IsAlone))
        {
            LogPoison(logger, item.Batch.TenantId, item.Batch.DeviceId, item.Refusal!);
            turn.Poison.Add(new PoisonMessage(item.Message, item.Refusal!.MessageText));
        }
    }

    private static IEnumerable<List<Item>> Divide(List<Item> items)
    {
        var chunk = new List<Item>();
        var points = 0;
        foreach (var item in items)
        {
            if (chunk.Count > 0 && points + item.Batch.Count > PointsPerChunk)
            {
                yield return chunk;
                chunk = [];
                points = 0;
            }

            chunk.Add(item);
            points += item.Batch.Count;
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }

    private static List<Item> Read(IReadOnlyList<ServiceBusReceivedMessage> messages, Turn turn)
    {
        var read = new List<Item>(messages.Count);
        foreach (var message in messages)
        {
            try
            {
                var segments = PointMessage.ReadSegments(message.Body.ToMemory());
                read.AddRange(segments.Select(segment => new Item(message, segment, segments.Count == 1)));
            }
            catch (FormatException unreadable)
            {
                turn.Poison.Add(new PoisonMessage(message, unreadable.Message));
            }
        }

        return read;
    }

    // No journal, no row: what a database loses must be in the journal. Answers those that are.
    private async Task<List<Item>> JournalAsync(List<Item> received, Turn turn, CancellationToken cancellationToken)
    {
        var fresh = received.FindAll(item => !PointQueue.IsJournaled(item.Message));
        if (await TryJournalAsync(fresh.ConvertAll(item => item.Written), turn, cancellationToken))
        {
            return received;
        }

        foreach (var later in fresh.GroupBy(item => PointQueue.Attempts(item.Message)))
        {
            await queue.SetAsideAsync(later.Select(item => item.Written), later.Key, journaled: false, cancellationToken);
        }

        return [.. received.Except(fresh)];
    }

    private async Task<bool> TryJournalAsync(List<PointSegment> batches, Turn turn, CancellationToken cancellationToken)
    {
        if (turn.HasNoJournal)
        {
            return false;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(JournalLimit);
        try
        {
            await journal.AppendAsync(batches, limit.Token);
            return true;
        }
        catch (Exception unavailable) when (!cancellationToken.IsCancellationRequested)
        {
            turn.HasNoJournal = true;
            LogNoJournal(logger, batches.Count, unavailable);
            return false;
        }
    }

    private async Task PlaceAsync(List<Item> received, CancellationToken cancellationToken)
    {
        foreach (var tenant in received.GroupBy(item => item.Batch.TenantId))
        {
            try
            {
                var placement = await placements.GetServedAsync(tenant.Key, cancellationToken);
                foreach (var item in tenant)
                {
                    item.Placed = new PlacedBatch(item.Batch, placement);
                }
            }
            catch (Exception nowhere) when (!cancellationToken.IsCancellationRequested)
            {
                // Not served yet, or the control database does not answer: either passes.
                LogNowhere(logger, tenant.Key, nowhere);
            }
        }
    }

    private async Task WriteAsync(Guid databaseId, List<Item> items, CancellationToken cancellationToken)
    {
        var lane = _lanes.GetOrAdd(databaseId, _ => new Lane());
        try
        {
            var placed = items.ConvertAll(item => item.Placed!);
            var admitted = await lane.TryAsync(limit => writer.WriteAsync(databaseId, placed, limit), cancellationToken);
            if (admitted is null)
            {
                LogSlow(logger, databaseId, items.Count);
                return;
            }

            foreach (var item in items)
            {
                if (admitted.Contains(item.Batch.TenantId))
                {
                    item.Outcome = Outcome.Done;
                }
                else
                {
                    // Moved or about to move: the next look shows where to.
                    placements.Forget(item.Batch.TenantId);
                }
            }
        }
        catch (PostgresException refused) when (IsAboutTheRows(refused))
        {
            await FindPoisonAsync(databaseId, items, refused, cancellationToken);
        }
        catch (Exception unavailable) when (!cancellationToken.IsCancellationRequested)
        {
            LogUnavailable(logger, databaseId, items.Count, unavailable);
            foreach (var item in items)
            {
                placements.Forget(item.Batch.TenantId);
            }
        }
    }

    // Class 22 (data exception) and 23 (integrity): the same rows will be refused again. A check without a name is a day's
    // partition that was dropped after it had been looked for; the next attempt makes it.
    private static bool IsAboutTheRows(PostgresException exception) =>
        exception is not { SqlState: PostgresErrorCodes.CheckViolation, ConstraintName: null }
        && (exception.SqlState.StartsWith("22", StringComparison.Ordinal)
            || exception.SqlState.StartsWith("23", StringComparison.Ordinal));

    // One batch spoils the statement for all: halves are tried until it stands alone.
    private async Task FindPoisonAsync(
        Guid databaseId, List<Item> items, PostgresException refused, CancellationToken cancellationToken)
    {
        if (items is [var only])
        {
            only.Outcome = Outcome.Refused;
            only.Refusal = refused;
            return;
        }

        var half = items.Count / 2;
        await WriteAsync(databaseId, items.GetRange(0, half), cancellationToken);
        await WriteAsync(databaseId, items.GetRange(half, items.Count - half), cancellationToken);
    }

    [LoggerMessage(400, LogLevel.Warning, "Database {DatabaseId} takes no points for the moment; {Count} batches are set aside.")]
    private static partial void LogUnavailable(ILogger logger, Guid databaseId, int count, Exception exception);

    [LoggerMessage(401, LogLevel.Error, "A batch of tenant {TenantId}, device {DeviceId} cannot be written.")]
    private static partial void LogPoison(ILogger logger, Guid tenantId, Guid deviceId, Exception exception);

    [LoggerMessage(402, LogLevel.Warning, "The journal takes nothing for the moment; {Count} batches are set aside.")]
    private static partial void LogNoJournal(ILogger logger, int count, Exception exception);

    [LoggerMessage(403, LogLevel.Warning, "Database {DatabaseId} is slow; {Count} batches are set aside.")]
    private static partial void LogSlow(ILogger logger, Guid databaseId, int count);

    [LoggerMessage(404, LogLevel.Information, "Tenant {TenantId} cannot be written to anywhere; its batches are set aside.")]
    private static partial void LogNowhere(ILogger logger, Guid tenantId, Exception exception);

    private enum Outcome
    {
        NotNow,
        Done,
        Refused,
    }

    /// <summary>What the chunks of one turn have in common.</summary>
    private sealed class Turn
    {
        private volatile bool _hasNoJournal;

        public ConcurrentBag<PoisonMessage> Poison { get; } = [];

        /// <summary>The journal has failed once: the rest of the turn need not wait for it too.</summary>
        public bool HasNoJournal
        {
            get => _hasNoJournal;
            set => _hasNoJournal = value;
        }
    }

    private sealed class Item(ServiceBusReceivedMessage message, PointSegment written, bool isAlone)
    {
        public ServiceBusReceivedMessage Message { get; } = message;

        public PointSegment Written { get; } = written;

        public PointBatch Batch => Written.Batch;

        /// <summary>Whether the message holds no other batch.</summary>
        public bool IsAlone { get; } = isAlone;

        public PlacedBatch? Placed { get; set; }

        public Outcome Outcome { get; set; }

        public PostgresException? Refusal { get; set; }
    }
}
