using Azure.Messaging.ServiceBus;

namespace WebHost.Gps.Ingestion;

/// <summary>A message that could not be consumed.</summary>
/// <param name="SequenceNumber">Its number in the queue, and where a page ends.</param>
/// <param name="MessageId">Its id.</param>
/// <param name="EnqueuedAt">When it came into the queue, UTC.</param>
/// <param name="Deliveries">How often it was tried.</param>
/// <param name="Reason">Why it was given up.</param>
/// <param name="Description">The same in detail.</param>
/// <param name="Bytes">Size of its body.</param>
/// <param name="Batches">What it holds, as far as it can be read.</param>
public sealed record DeadLetter(
    long SequenceNumber,
    string MessageId,
    DateTimeOffset EnqueuedAt,
    int Deliveries,
    string? Reason,
    string? Description,
    int Bytes,
    IReadOnlyList<DeadBatch> Batches);

/// <summary>A batch in a dead letter.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="DeviceId">Which device sent it.</param>
/// <param name="ReceivedAt">When it arrived, UTC.</param>
/// <param name="Protocol">How it was written.</param>
/// <param name="Points">Number of points.</param>
/// <param name="Heartbeats">Number of signs of life.</param>
/// <param name="Quarantined">Number of messages for the quarantine.</param>
public sealed record DeadBatch(
    Guid TenantId, Guid DeviceId, DateTimeOffset ReceivedAt, GpsProtocol Protocol, int Points, int Heartbeats, int Quarantined);

/// <summary>The queue's dead letters: looked at, and put back into the queue when what made them so has been mended.</summary>
public sealed class DeadLetters(ServiceBusClient client, TimeProvider time) : IAsyncDisposable
{
    private const int PageSize = 100;

    // An empty queue is known to be empty only after a wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ServiceBusReceiver _receiver = client.CreateReceiver(
        PointQueue.Name, new ServiceBusReceiverOptions { SubQueue = SubQueue.DeadLetter });

    private readonly ServiceBusSender _sender = client.CreateSender(PointQueue.Name);

    /// <summary>Dead letters, oldest first.</summary>
    /// <param name="after">Only those behind this sequence number: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<IReadOnlyList<DeadLetter>> ListAsync(long after, int limit, CancellationToken cancellationToken)
    {
        var found = new List<DeadLetter>();
        while (found.Count < limit)
        {
            // The service may answer fewer than are asked for although there are more.
            var part = await _receiver.PeekMessagesAsync(limit - found.Count, after + 1, cancellationToken);
            if (part.Count == 0)
            {
                break;
            }

            found.AddRange(part.Select(Describe));
            after = part[^1].SequenceNumber;
        }

        return found;
    }

    /// <summary>
    /// Puts dead letters back into the queue, their points as received now. One that dies of the same again meanwhile is left alone. A crash in between can
    /// put one back twice, which changes nothing.
    /// </summary>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends it; what was done until then holds.</param>
    /// <returns>How many were put back.</returns>
    public async Task<int> ReplayAsync(int limit, CancellationToken cancellationToken)
    {
        var replayed = new HashSet<string>(StringComparer.Ordinal);
        while (replayed.Count < limit)
        {
            var letters = await _receiver.ReceiveMessagesAsync(
                Math.Min(PageSize, limit - replayed.Count), Patience, cancellationToken);
            if (letters.Count == 0)
            {
                break;
            }

            foreach (var letter in letters)
            {
                if (replayed.Add(letter.MessageId))
                {
                    await _sender.SendMessageAsync(PointQueue.Anew(letter, time.GetUtcNow()), cancellationToken);
                    await _receiver.CompleteMessageAsync(letter, cancellationToken);
                }
                else
                {
                    await _receiver.AbandonMessageAsync(letter, cancellationToken: cancellationToken);
                    limit = replayed.Count;
                }
            }
        }

        return replayed.Count;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        await _sender.DisposeAsync();
    }

    private static DeadLetter Describe(ServiceBusReceivedMessage letter) => new(
        letter.SequenceNumber,
        letter.MessageId,
        letter.EnqueuedTime,
        letter.DeliveryCount,
        letter.DeadLetterReason,
        letter.DeadLetterErrorDescription,
        letter.Body.ToMemory().Length,
        Batches(letter));

    private static IReadOnlyList<DeadBatch> Batches(ServiceBusReceivedMessage letter)
    {
        try
        {
            return
            [
                .. PointMessage.Read(letter.Body.ToMemory()).Select(batch => new DeadBatch(
                    batch.TenantId, batch.DeviceId, batch.ReceivedAt, batch.Protocol,
                    batch.Points.Count, batch.Heartbeats.Count, batch.Quarantined.Count)),
            ];
        }
        catch (FormatException)
        {
            // The reason says so already.
            return [];
        }
    }
}
