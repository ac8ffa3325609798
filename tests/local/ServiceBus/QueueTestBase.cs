using Azure.Messaging.ServiceBus;

namespace WebHost.Local.ServiceBus.Tests;

/// <summary>A queue of the test's own, in a database that the tests of the assembly share.</summary>
public abstract class QueueTestBase(QueueDatabase database) : IAsyncDisposable
{
    private readonly List<ServiceBusClient> _clients = [];

    protected static TimeSpan Soon { get; } = TimeSpan.FromMilliseconds(200);

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    protected string Queue { get; } = $"queue-{Guid.NewGuid():n}";

    protected string ConnectionString => database.ConnectionString;

    protected ServiceBusClient Client => field ??= NewClient();

    protected ServiceBusSender Sender => field ??= Client.CreateSender(Queue);

    protected ServiceBusReceiver Receiver => field ??= Client.CreateReceiver(Queue);

    protected ServiceBusReceiver DeadLetters =>
        field ??= Client.CreateReceiver(Queue, new ServiceBusReceiverOptions { SubQueue = SubQueue.DeadLetter });

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    protected ServiceBusClient NewClient() => Track(new ServiceBusClient(ConnectionString));

    private protected ServiceBusClient NewClient(QueueRules rules) => Track(new ServiceBusClient(ConnectionString, rules));

    protected Task SendAsync(string body) => Sender.SendMessageAsync(new ServiceBusMessage(body), Cancel);

    protected async Task<ServiceBusReceivedMessage> ReceiveAsync(ServiceBusReceiver? from = null) =>
        await (from ?? Receiver).ReceiveMessageAsync(TimeSpan.FromSeconds(10), Cancel)
        ?? throw new InvalidOperationException("No message came within ten seconds.");

    protected async Task AssertEmptyAsync(ServiceBusReceiver? receiver = null) =>
        Assert.Null(await (receiver ?? Receiver).ReceiveMessageAsync(Soon, Cancel));

    private ServiceBusClient Track(ServiceBusClient client)
    {
        _clients.Add(client);
        return client;
    }
}
