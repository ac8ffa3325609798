using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.Functions;

/// <summary>Receives one function's messages and hands them over.</summary>
internal sealed class MessagePump(
    QueueFunction queue,
    ServiceBusReceiver receiver,
    MessageInvoker invoker,
    ServiceBusSettings settings,
    ILogger logger)
{
    // How often more is looked for while a batch is short.
    private const int Looks = 5;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(1);

    /// <summary>Ends when the host stops and everything that was received has been settled.</summary>
    internal Task RunAsync(CancellationToken stopping) =>
        queue.IsBatched ? RunBatchesAsync(stopping) : RunSinglesAsync(stopping);

    /// <summary>One batch at a time, in order; with prefetching, the next comes while the last is handled.</summary>
    private async Task RunBatchesAsync(CancellationToken stopping)
    {
        Task<IReadOnlyList<ServiceBusReceivedMessage>>? prefetched = null;
        while (!stopping.IsCancellationRequested)
        {
            var messages = await (prefetched ?? ReceiveBatchAsync(stopping));
            prefetched = null;
            if (messages.Count == 0)
            {
                continue;
            }

            if (settings.PrefetchCount > 0)
            {
                prefetched = ReceiveBatchAsync(stopping);
            }

            await invoker.InvokeAsync(messages);
        }

        if (prefetched is not null)
        {
            await invoker.ReturnAsync(await prefetched);
        }
    }

    /// <summary>As many invocations at once as are allowed; no more messages are received than can be begun.</summary>
    private async Task RunSinglesAsync(CancellationToken stopping)
    {
        using var slots = new SemaphoreSlim(settings.MaxConcurrentCalls);
        while (!stopping.IsCancellationRequested)
        {
            await slots.WaitAsync(CancellationToken.None);
            var free = 1;
            while (free < settings.MaxConcurrentCalls && slots.Wait(0, CancellationToken.None))
            {
                free++;
            }

            var messages = await ReceiveAsync(free, maxWaitTime: null, stopping);
            if (messages.Count < free)
            {
                slots.Release(free - messages.Count);
            }

            foreach (var message in messages)
            {
                _ = InvokeAsync(message, slots);
            }
        }

        for (var i = 0; i < settings.MaxConcurrentCalls; i++)
        {
            await slots.WaitAsync(CancellationToken.None);
        }
    }

    private async Task InvokeAsync(ServiceBusReceivedMessage message, SemaphoreSlim slots)
    {
        await Task.Yield();
        try
        {
            await invoker.InvokeAsync([message]);
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>What is there, and while that is less than a batch should have, what comes within the time given for it.</summary>
    private async Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveBatchAsync(CancellationToken stopping)
    {
        var batch = new List<ServiceBusReceivedMessage>(
            await ReceiveAsync(settings.MaxMessageBatchSize, maxWaitTime: null, stopping));
        for (var look = 0; look < Looks && batch.Count > 0 && batch.Count < settings.MinMessageBatchSize; look++)
        {
            await Task.Delay(settings.MaxBatchWaitTime / Looks, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            batch.AddRange(await ReceiveAsync(settings.MaxMessageBatchSize - batch.Count, AtOnce, stopping));
        }

        return batch;
    }

    /// <returns>None when the host is stopping or the queue cannot be read; the caller just asks again.</returns>
    private async Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveAsync(
        int maxMessages, TimeSpan? maxWaitTime, CancellationToken stopping)
    {
        try
        {
            return await receiver.ReceiveMessagesAsync(maxMessages, maxWaitTime, stopping);
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
