using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace WebHost.Local.DurableTask;

/// <summary>Wires the local engine into a host.</summary>
public static class LocalDurableTaskExtensions
{
    /// <summary>
    /// Registers the <see cref="Microsoft.DurableTask.Client.DurableTaskClient"/> and a hosted service that runs the
    /// registered orchestrators and activities.
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
        services.AddSingleton(registry);
        services.AddOptions<LocalDurableTaskOptions>().Configure(configure);
        return services;
    }
}
