using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace WebHost.Local.Functions;

/// <summary>The running application.</summary>
internal sealed class LocalHost(WebApplication application, LocalStart start) : IHost, IAsyncDisposable
{
    private readonly ILogger<LocalHost> _logger = application.Services.GetRequiredService<ILogger<LocalHost>>();

    public IServiceProvider Services => application.Services;

    /// <summary>Where it listens, which differs from the settings when they leave the port to the system.</summary>
    internal Uri Address =>
        new(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await start.RunAsync(() =>
        {
            // Before the host makes its services, of which the first to miss something would speak for itself alone.
            Services.GetService<IStartupValidator>()?.Validate();
            return ((IHost)application).StartAsync(cancellationToken);
        });
        var catalog = Services.GetRequiredService<FunctionCatalog>();
        _logger.Started(
            Address,
            catalog.Http.Count,
            catalog.Timers.Count,
            catalog.Queues.Count,
            catalog.Orchestrators.Count,
            catalog.Activities.Count);
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        await ((IHost)application).StopAsync(cancellationToken);
        _logger.Stopped();
    }

    public void Dispose() => ((IDisposable)application).Dispose();

    public ValueTask DisposeAsync() => application.DisposeAsync();
}
