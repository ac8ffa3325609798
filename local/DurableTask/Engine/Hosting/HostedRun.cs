using Microsoft.Extensions.DependencyInjection;
using WebHost.Local.DurableTask.Replay;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>An orchestration in memory with the services its orchestrator was made from.</summary>
internal sealed class HostedRun(OrchestrationRun run, IServiceScope scope) : IDisposable
{
    public OrchestrationRun Run { get; } = run;

    public void Dispose() => scope.Dispose();
}
