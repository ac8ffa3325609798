using Azure.Messaging.ServiceBus;
using Microsoft.Azure.Functions.Worker;
using WebHost.Gps.Ingestion;

namespace WebHost.Gps;

/// <summary>Takes accepted points from the queue to the journal and the tenants' databases.</summary>
public sealed class WritePoints(PointConsumer consumer)
{
    private const string PoisonReason = "unwritable";

    /// <summary>Settles every message itself: done, or dead-lettered when it can never be written.</summary>
    [Function("WritePoints")]
    public async Task RunAsync(
        [ServiceBusTrigger(PointQueue.Name, Connection = "ServiceBus", IsBatched = true, AutoCompleteMessages = false)]
        ServiceBusReceivedMessage[] messages,
        ServiceBusMessageActions actions,
        CancellationToken cancellationToken)
    {
        var poison = await consumer.ConsumeAsync(messages, cancellationToken);
        var reasons = poison.ToDictionary(found => found.Message, found => found.Reason);
        await Task.WhenAll(messages.Select(message => reasons.TryGetValue(message, out var reason)
            ? actions.DeadLetterMessageAsync(
                message, deadLetterReason: PoisonReason, deadLetterErrorDescription: reason, cancellationToken: cancellationToken)
            : actions.CompleteMessageAsync(message, cancellationToken)));
    }
}
