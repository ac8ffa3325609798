using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace WebHost.Local.DurableTask.Tests;

/// <summary>A running worker and its client.</summary>
public sealed class TestHub(string name, IHost host) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private bool _isStopped;

    public string Name { get; } = name;

    public IServiceProvider Services => host.Services;

    public DurableTaskClient Client { get; } = host.Services.GetRequiredService<DurableTaskClient>();

    public Task<string> StartAsync(TaskName orchestrator, object? input = null, string? id = null) =>
        Client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input, new StartOrchestrationOptions(id));

    /// <summary>Starts an orchestration and waits for its end.</summary>
    public async Task<OrchestrationMetadata> RunAsync(TaskName orchestrator, object? input = null, string? id = null) =>
        await EndOfAsync(await StartAsync(orchestrator, input, id));

    public Task<OrchestrationMetadata> EndOfAsync(string id) =>
        Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, CancellationToken.None).WaitAsync(Patience);

    public async Task<OrchestrationMetadata> StateOfAsync(string id) =>
        await Client.GetInstanceAsync(id, getInputsAndOutputs: true)
        ?? throw new InvalidOperationException($"There is no orchestration '{id}'.");

    public async Task StopAsync()
    {
        if (!_isStopped)
        {
            _isStopped = true;
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await host.StopAsync(deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await ((IAsyncDisposable)host).DisposeAsync();
    }
}
