using Azure.Messaging.ServiceBus;

namespace WebHost.Gps.Ingestion;

/// <summary>The queue between the door and the tenants' databases. What it has taken survives any crash.</summary>
public sealed class PointQueue(ServiceBusClient client, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Name of the queue.</summary>
    public const string Name = "points";

    // Service Bus takes 256 KB a message in the Standard tier, headers included.
    private const int LargestBody = 200_000;
    private const int PointsPerMessage = 1_000;
    private const string AttemptsProperty = "attempts";
    private const string JournaledProperty = "journaled";

    private readonly ServiceBusSender _sender = client.CreateSender(Name);

    /// <summary>Puts a batch into the queue; when this returns, the batch is safe.</summary>
    public async Task EnqueueAsync(PointBatch batch, CancellationToken cancellationToken)
    {
        var messages = Split(batch).ToList();
        if (messages is [var only])
        {
            await _sender.SendMessageAsync(only, cancellationToken);
            return;
        }

        // Sent in as few transfers as fit. Should a later one fail, the device sends all of it again, and no point counts twice.
        var sent = 0;
        while (sent < messages.Count)
        {
            using var transfer = await _sender.CreateMessageBatchAsync(cancellationToken);
            while (sent < messages.Count && transfer.TryAddMessage(messages[sent]))
            {
                sent++;
            }

            await _sender.SendMessagesAsync(transfer, cancellationToken);
        }
    }

    /// <summary>Puts a batch into the queue that goes the way of every other but is not kept in the journal: it is a probe.</summary>
    public Task ProbeAsync(PointBatch batch, CancellationToken cancellationToken) =>
        _sender.SendMessageAsync(
            new ServiceBusMessage(batch.ToBytes())
            {
                ContentType = "application/json",
                ApplicationProperties = { [JournaledProperty] = true },
            },
            cancellationToken);

    /// <summary>
    /// Sets a message aside that cannot be written for the moment: a copy comes back after a delay that grows with every
    /// attempt. That uses up no deliveries and holds nobody else up. The message itself is then done.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="journaled">Whether its batch is in the journal.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task SetAsideAsync(ServiceBusReceivedMessage message, bool journaled, CancellationToken cancellationToken)
    {
        var attempts = message.ApplicationProperties.TryGetValue(AttemptsProperty, out var value) && value is int before
            ? before + 1
            : 1;
        var copy = new ServiceBusMessage(message.Body)
        {
            ContentType = message.ContentType,
            ApplicationProperties = { [AttemptsProperty] = attempts, [JournaledProperty] = journaled },
        };
        return _sender.ScheduleMessageAsync(copy, time.GetUtcNow() + DelayAfter(attempts), cancellationToken);
    }

    /// <summary>Whether the message's batch is in the journal, because it was set aside after it had been written there.</summary>
    public static bool IsJournaled(ServiceBusReceivedMessage message) =>
        message.ApplicationProperties.TryGetValue(JournaledProperty, out var value) && value is true;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _sender.DisposeAsync();

    // Half a second, doubling, to half a minute.
    private static TimeSpan DelayAfter(int attempts) =>
        TimeSpan.FromSeconds(Math.Min(30, 0.5 * Math.Pow(2, Math.Min(attempts - 1, 10))));

    private static IEnumerable<ServiceBusMessage> Split(PointBatch batch)
    {
        var body = batch.ToBytes();
        if (body.Length <= LargestBody || batch.Points.Count + batch.Heartbeats.Count + batch.Quarantined.Count <= 1)
        {
            return [new ServiceBusMessage(body) { ContentType = "application/json" }];
        }

        var half = Math.Min(PointsPerMessage, Math.Max(1, batch.Points.Count / 2));
        return batch.Points.Count > 1
            ? Split(batch with { Points = [.. batch.Points.Take(half)], Heartbeats = [], Quarantined = [] })
                .Concat(Split(batch with { Points = [.. batch.Points.Skip(half)] }))
            : Split(batch with { Quarantined = [.. batch.Quarantined.Take(batch.Quarantined.Count / 2)] })
                .Concat(Split(batch with
                {
                    Points = [],
                    Heartbeats = [],
                    Quarantined = [.. batch.Quarantined.Skip(batch.Quarantined.Count / 2)],
                }));
    }
}
