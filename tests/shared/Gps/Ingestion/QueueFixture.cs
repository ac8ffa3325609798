using Azure.Messaging.ServiceBus;
using WebHost.Gps.Ingestion;
using WebHost.Testing;

namespace WebHost.Tests.Gps.Ingestion;

/// <summary>A queue of points of one test's own.</summary>
internal sealed class QueueFixture : IAsyncDisposable
{
    private readonly TestDatabase _database;

    private QueueFixture(TestDatabase database)
    {
        _database = database;
        Client = new ServiceBusClient($"{database.ConnectionString};Maximum Pool Size=10");
        Queue = new PointQueue(Client, TimeProvider.System);
        Receiver = Client.CreateReceiver(PointQueue.Name);
    }

    public ServiceBusClient Client { get; }

    public PointQueue Queue { get; }

    public ServiceBusReceiver Receiver { get; }

    public static async Task<QueueFixture> CreateAsync() => new(await TestDatabase.CreateAsync("points"));

    /// <summary>All messages that are there within a moment.</summary>
    public async Task<List<ServiceBusReceivedMessage>> ReceiveAllAsync()
    {
        var all = new List<ServiceBusReceivedMessage>();
        while (await Receiver.ReceiveMessagesAsync(100, TimeSpan.FromMilliseconds(100)) is { Count: > 0 } some)
        {
            all.AddRange(some);
        }

        return all;
    }

    public async ValueTask DisposeAsync()
    {
        await Queue.DisposeAsync();
        await Client.DisposeAsync();
        await _database.DisposeAsync();
    }
}
