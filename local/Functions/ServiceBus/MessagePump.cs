using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.Functions;

/// <summary>Receives, hands over, receives again; with prefetching, the next messages come while the last are handled.</summary>
internal sealed class MessagePump(
    QueueFunction queue, ServiceBusReceiver receiver, MessageInvoker invoker, ServiceBusSettings settings, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    internal async Task RunAsync(CancellationToken stopping)
    {
        Task<IReadOnlyList<ServiceBusReceivedMessage>>? prefetched = null;
        while (!stopping.IsCancellationRequested)
        {
            var messages = await (prefetched ?? ReceiveAsync(stopping));
            prefetched = null;
            if (messages.Count == 0)
            {
                continue;
            }

            if (settings.PrefetchCount > 0 && queue.IsBatched)
            {
                prefetched = ReceiveAsync(stopping);
            }

            await invoker.InvokeAsync(messages);
        }

        if (prefetched is not null)
        {
            await invoker.ReturnAsync(await prefetched);
        }
    }

    /// <returns>None when the host is stopping or the queue cannot be read; the caller just asks again.</returns>
    private async Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveAsync(CancellationToken stopping)
    {
        try
        {
            return await receiver.ReceiveMessagesAsync(
                queue.IsBatched ? settings.MaxMessageBatchSize : 1, cancellationToken: stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return [];
        }
        catch (Exception exception)
        {
            logger.QueueFailed(exception, queue.Queue, RetryDelay);
            await Task.Delay(RetryDelay, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return [];
        }
    }
}
