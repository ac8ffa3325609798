namespace Azure.Messaging.ServiceBus;

/// <summary>The queues of one PostgreSQL database; a queue exists as soon as somebody sends to it.</summary>
public class ServiceBusClient : IAsyncDisposable
{
    private readonly QueueStore _store;

    /// <param name="connectionString">
    /// Where Azure wants a Service Bus connection string, this wants a PostgreSQL one. Nothing is contacted before the
    /// first message.
    /// </param>
    public ServiceBusClient(string connectionString)
        : this(connectionString, QueueRules.Default)
    {
    }

    internal ServiceBusClient(string connectionString, QueueRules rules)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        _store = new QueueStore(connectionString, rules);
    }

    public bool IsClosed { get; private set; }

    public ServiceBusSender CreateSender(string queueOrTopicName) => new(_store, QueueName(queueOrTopicName));

    public ServiceBusReceiver CreateReceiver(string queueName) => CreateReceiver(queueName, new ServiceBusReceiverOptions());

    public ServiceBusReceiver CreateReceiver(string queueName, ServiceBusReceiverOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new ServiceBusReceiver(_store, QueueName(queueName), options);
    }

    public async ValueTask DisposeAsync()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            await _store.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    private string QueueName(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return name.ToLowerInvariant();
    }
}
