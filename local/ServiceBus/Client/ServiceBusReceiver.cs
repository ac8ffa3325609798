namespace Azure.Messaging.ServiceBus;

/// <summary>Receives from one queue, or from its dead letters, and settles what it received.</summary>
public class ServiceBusReceiver : IAsyncDisposable
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(60);

    private readonly QueueStore _store;
    private readonly bool _deadLetters;
    private long _lastPeeked;

    internal ServiceBusReceiver(QueueStore store, string queue, ServiceBusReceiverOptions options)
    {
        _store = store;
        Queue = queue;
        _deadLetters = options.SubQueue == SubQueue.DeadLetter;
        ReceiveMode = options.ReceiveMode;
    }

    public string EntityPath => _deadLetters ? $"{Queue}/$DeadLetterQueue" : Queue;

    public ServiceBusReceiveMode ReceiveMode { get; }

    public bool IsClosed { get; private set; }

    internal string Queue { get; }

    internal TimeSpan LockDuration => _store.Rules.LockDuration;

    /// <returns>The next message, or null when none came within <paramref name="maxWaitTime"/> (60 s when absent).</returns>
    public async Task<ServiceBusReceivedMessage?> ReceiveMessageAsync(
        TimeSpan? maxWaitTime = default, CancellationToken cancellationToken = default)
    {
        var messages = await ReceiveMessagesAsync(1, maxWaitTime, cancellationToken);
        return messages.Count == 0 ? null : messages[0];
    }

    /// <returns>
    /// As many messages as there are, up to the maximum, as soon as there is one; none when none came in time.
    /// </returns>
    public Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveMessagesAsync(
        int maxMessages, TimeSpan? maxWaitTime = default, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessages, 1);
        var wait = maxWaitTime ?? DefaultWait;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(wait, TimeSpan.Zero, nameof(maxWaitTime));
        ThrowIfClosed();
        return _store.ReceiveAsync(Queue, _deadLetters, ReceiveMode, maxMessages, wait, cancellationToken);
    }

    public async Task<ServiceBusReceivedMessage> ReceiveDeferredMessageAsync(
        long sequenceNumber, CancellationToken cancellationToken = default) =>
        (await ReceiveDeferredMessagesAsync([sequenceNumber], cancellationToken))[0];

    public Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveDeferredMessagesAsync(
        IEnumerable<long> sequenceNumbers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sequenceNumbers);
        ThrowIfClosed();
        return _store.ReceiveDeferredAsync(Queue, _deadLetters, [.. sequenceNumbers.Distinct()], cancellationToken);
    }

    public async Task<ServiceBusReceivedMessage?> PeekMessageAsync(
        long? fromSequenceNumber = default, CancellationToken cancellationToken = default)
    {
        var messages = await PeekMessagesAsync(1, fromSequenceNumber, cancellationToken);
        return messages.Count == 0 ? null : messages[0];
    }

    /// <summary>Shows messages in every state without locking them, each call going on where the last one ended.</summary>
    public async Task<IReadOnlyList<ServiceBusReceivedMessage>> PeekMessagesAsync(
        int maxMessages, long? fromSequenceNumber = default, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxMessages, 1);
        ThrowIfClosed();
        var messages = await _store.PeekAsync(
            Queue, _deadLetters, fromSequenceNumber ?? _lastPeeked + 1, maxMessages, cancellationToken);
        if (messages.Count > 0)
        {
            _lastPeeked = messages[^1].SequenceNumber;
        }

        return messages;
    }

    public Task CompleteMessageAsync(ServiceBusReceivedMessage message, CancellationToken cancellationToken = default)
    {
        ThrowIfNotLocked(message);
        return _store.CompleteAsync(Queue, message, cancellationToken);
    }

    public Task AbandonMessageAsync(
        ServiceBusReceivedMessage message,
        IDictionary<string, object>? propertiesToModify = null,
        CancellationToken cancellationToken = default) =>
        ChangeAsync(message, LockChange.Abandon, propertiesToModify ?? NoProperties, cancellationToken);

    public Task DeferMessageAsync(
        ServiceBusReceivedMessage message,
        IDictionary<string, object>? propertiesToModify = null,
        CancellationToken cancellationToken = default) =>
        ChangeAsync(message, LockChange.Defer, propertiesToModify ?? NoProperties, cancellationToken);

    public Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message,
        IDictionary<string, object>? propertiesToModify = null,
        CancellationToken cancellationToken = default) =>
        ChangeAsync(message, LockChange.DeadLetter, propertiesToModify ?? NoProperties, cancellationToken);

    public Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message,
        string deadLetterReason,
        string? deadLetterErrorDescription = null,
        CancellationToken cancellationToken = default) =>
        DeadLetterMessageAsync(message, NoProperties, deadLetterReason, deadLetterErrorDescription, cancellationToken);

    public Task DeadLetterMessageAsync(
        ServiceBusReceivedMessage message,
        IDictionary<string, object> propertiesToModify,
        string deadLetterReason,
        string? deadLetterErrorDescription = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(propertiesToModify);
        var properties = new Dictionary<string, object>(propertiesToModify)
        {
            [ServiceBusReceivedMessage.DeadLetterReasonProperty] = deadLetterReason,
        };
        if (deadLetterErrorDescription is not null)
        {
            properties[ServiceBusReceivedMessage.DeadLetterDescriptionProperty] = deadLetterErrorDescription;
        }

        return ChangeAsync(message, LockChange.DeadLetter, properties, cancellationToken);
    }

    public Task RenewMessageLockAsync(ServiceBusReceivedMessage message, CancellationToken cancellationToken = default) =>
        ChangeAsync(message, LockChange.Renew, NoProperties, cancellationToken);

    public ValueTask DisposeAsync()
    {
        IsClosed = true;
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private static Dictionary<string, object> NoProperties { get; } = [];

    private async Task ChangeAsync(
        ServiceBusReceivedMessage message,
        LockChange change,
        IDictionary<string, object> properties,
        CancellationToken cancellationToken)
    {
        ThrowIfNotLocked(message);
        var lockedUntil = await _store.ChangeAsync(Queue, message, change, properties, cancellationToken);
        if (change == LockChange.Renew)
        {
            message.LockedUntil = lockedUntil;
        }
    }

    private void ThrowIfNotLocked(ServiceBusReceivedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        ThrowIfClosed();
        if (ReceiveMode == ServiceBusReceiveMode.ReceiveAndDelete)
        {
            throw new InvalidOperationException("A message received with ReceiveAndDelete is gone; there is nothing to settle.");
        }

        if (message.LockTokenGuid == Guid.Empty)
        {
            throw new InvalidOperationException($"Message {message.SequenceNumber} was peeked, not received; it holds no lock.");
        }
    }

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(IsClosed, this);
}
