using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using WebHost.Local.DurableTask.Clients;
using WebHost.Local.DurableTask.Hosting;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask;

/// <summary>Wires the local engine into a host.</summary>
public static class LocalDurableTaskExtensions
{
    /// <summary>
    /// Registers the <see cref="DurableTaskClient"/> and a hosted service that runs the registered orchestrators and
    /// activities.
    /// </summary>
    public static IServiceCollection AddLocalDurableTask(
        this IServiceCollection services,
        Action<DurableTaskRegistry> register,
        Action<LocalDurableTaskOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(register);
        ArgumentNullException.ThrowIfNull(configure);
        var registry = new DurableTaskRegistry();
        register(registry);
        services.AddLogging();
        services.AddOptions<LocalDurableTaskOptions>().Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(registry);
        services.AddSingleton<HubDatabase>();
        services.AddSingleton<HubSignals>();
        services.AddSingleton<GroupCommitter>();
        services.AddSingleton<LeaseStore>();
        services.AddSingleton<InstanceStore>();
        services.AddSingleton<ActivityDispatcher>();
        services.AddSingleton<OrchestrationDispatcher>();
        services.AddSingleton<Housekeeping>();
        services.AddSingleton<DurableTaskClient, LocalDurableTaskClient>();
        services.AddHostedService<LocalDurableTaskWorker>();
        return services;
    }
}
