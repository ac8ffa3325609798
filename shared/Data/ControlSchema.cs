using Microsoft.Extensions.Hosting;
using WebHost.Configuration;

namespace WebHost.Data;

/// <summary>Brings the control database to the schema of this build before anything else starts.</summary>
public sealed class ControlSchema(SchemaMigrator migrator, Settings settings) : IHostedLifecycleService
{
    /// <inheritdoc />
    public Task StartingAsync(CancellationToken cancellationToken) =>
        migrator.MigrateControlAsync(settings.ControlDatabase, cancellationToken);

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
