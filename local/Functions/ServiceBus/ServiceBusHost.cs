using Azure.Messaging.ServiceBus;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace WebHost.Local.Functions;

/// <summary>Pumps messages into the functions with a Service Bus trigger.</summary>
internal sealed class ServiceBusHost(
    FunctionCatalog catalog,
    FunctionPipeline pipeline,
    HostJson hostJson,
    QueueRules rules,
    IServiceScopeFactory scopes,
    ILogger<ServiceBusHost> logger)
    : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopReceiving = new();
    private readonly CancellationTokenSource _stopRunning = new();
    private readonly Dictionary<string, ServiceBusClient> _clients = [];
    private Task _pumps = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var connectionString in catalog.Queues.Select(queue => queue.ConnectionString).Distinct())
        {
            _clients.Add(connectionString, new ServiceBusClient(connectionString, rules));
        }

        _pumps = Task.WhenAll(catalog.Queues.SelectMany(queue =>
        {
            var receiver = _clients[queue.ConnectionString].CreateReceiver(queue.Queue);
            var invoker = new MessageInvoker(queue, receiver, pipeline, hostJson.ServiceBus, scopes, logger, _stopRunning.Token);
            var pump = new MessagePump(queue, receiver, invoker, hostJson.ServiceBus, logger);
            return Enumerable.Range(0, queue.IsBatched ? 1 : hostJson.ServiceBus.MaxConcurrentCalls)
                .Select(_ => Task.Run(() => pump.RunAsync(_stopReceiving.Token), CancellationToken.None));
        }));
        return Task.CompletedTask;
    }

    /// <summary>Takes nothing new and lets what runs finish; when the time is up, asks it to stop.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopReceiving.CancelAsync();
        await using (cancellationToken.Register(_stopRunning.Cancel))
        {
            await _pumps;
        }

        foreach (var client in _clients.Values)
        {
            await client.DisposeAsync();
        }
    }

    public void Dispose()
    {
        _stopReceiving.Dispose();
        _stopRunning.Dispose();
    }
}
