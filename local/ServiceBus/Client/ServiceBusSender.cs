namespace Azure.Messaging.ServiceBus;

/// <summary>Sends to one queue. Every send has been committed to disk when its task completes.</summary>
public class ServiceBusSender : IAsyncDisposable
{
    private readonly QueueStore _store;

    internal ServiceBusSender(QueueStore store, string queue)
    {
        _store = store;
        EntityPath = queue;
    }

    public string EntityPath { get; }

    public bool IsClosed { get; private set; }

    public Task SendMessageAsync(ServiceBusMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync([message], cancellationToken);
    }

    public Task SendMessagesAsync(
        IEnumerable<ServiceBusMessage> messages, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return SendAsync([.. messages], cancellationToken);
    }

    public Task SendMessagesAsync(ServiceBusMessageBatch messageBatch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messageBatch);
        return SendAsync(messageBatch.Messages, cancellationToken);
    }

    public ValueTask<ServiceBusMessageBatch> CreateMessageBatchAsync(CancellationToken cancellationToken = default) =>
        CreateMessageBatchAsync(new CreateMessageBatchOptions(), cancellationToken);

    public ValueTask<ServiceBusMessageBatch> CreateMessageBatchAsync(
        CreateMessageBatchOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(IsClosed, this);
        cancellationToken.ThrowIfCancellationRequested();
        var size = options.MaxSizeInBytes ?? MessageSize.Limit;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MessageSize.Limit, nameof(options));
        return ValueTask.FromResult(new ServiceBusMessageBatch(size));
    }

    public async Task<long> ScheduleMessageAsync(
        ServiceBusMessage message, DateTimeOffset scheduledEnqueueTime, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        message.ScheduledEnqueueTime = scheduledEnqueueTime;
        return await SendAsync([message], cancellationToken);
    }

    public Task CancelScheduledMessageAsync(long sequenceNumber, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return _store.CancelScheduledAsync(EntityPath, sequenceNumber, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        IsClosed = true;
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private async Task<long> SendAsync(IReadOnlyList<ServiceBusMessage> messages, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (messages.Count == 0)
        {
            return 0;
        }

        var outgoing = OutgoingMessages.From(EntityPath, messages);
        if (outgoing.SizeInBytes > MessageSize.Limit)
        {
            throw new ServiceBusException(
                $"{messages.Count} message(s) of {outgoing.SizeInBytes} bytes in one send; at most {MessageSize.Limit} go.",
                ServiceBusFailureReason.MessageSizeExceeded,
                EntityPath);
        }

        return await _store.SendAsync(outgoing, cancellationToken);
    }
}
