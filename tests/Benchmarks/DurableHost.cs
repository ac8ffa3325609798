using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WebHost.Local.DurableTask;
using WebHost.Testing;

namespace WebHost.Benchmarks;

/// <summary>One process with the local durable engine on an empty database of its own.</summary>
internal sealed class DurableHost : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly IHost _host;

    private DurableHost(TestDatabase database, IHost host)
    {
        _database = database;
        _host = host;
        Client = host.Services.GetRequiredService<DurableTaskClient>();
    }

    public DurableTaskClient Client { get; }

    /// <summary>Starts the engine with an orchestrator Sequence that calls a trivial activity as often as its input says.</summary>
    public static async Task<DurableHost> StartAsync()
    {
        var database = await TestDatabase.CreateAsync("benchmark");
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddLocalDurableTask(
            registry => registry
                .AddOrchestratorFunc<int, int>("Sequence", SequenceAsync)
                .AddOrchestratorFunc<string>("Waiting", context => context.WaitForExternalEvent<string>("Never"))
                .AddActivityFunc<int, int>("Increment", (_, value) => value + 1),
            options => options.ConnectionString = database.ConnectionString);
        var host = builder.Build();
        await host.StartAsync();
        return new(database, host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
        await _database.DisposeAsync();
    }

    private static async Task<int> SequenceAsync(TaskOrchestrationContext context, int length)
    {
        var value = 0;
        while (value < length)
        {
            value = await context.CallActivityAsync<int>("Increment", value);
        }

        return value;
    }
}
