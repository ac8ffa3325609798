using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>Serves the hub as long as the host runs: takes work, keeps its leases, listens to others, tidies up.</summary>
internal sealed class LocalDurableTaskWorker(
    HubDatabase database,
    HubSignals signals,
    LeaseStore leases,
    OrchestrationDispatcher orchestrations,
    ActivityDispatcher activities,
    Housekeeping housekeeping,
    ILogger<LocalDurableTaskWorker> logger) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _drained = new();
    private Task _loops = Task.CompletedTask;
    private Task _renewing = Task.CompletedTask;

    /// <exception cref="NpgsqlException">The database cannot be reached or does not let the tables be made.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Transience.RetryAsync(
            async () =>
            {
                await database.EnsureCreatedAsync(cancellationToken);
                return true;
            },
            cancellationToken); // After a reboot the database may take some seconds more.
        _renewing = Task.Run(() => RenewAsync(_drained.Token), CancellationToken.None);
        _loops = Task.WhenAll(
            Task.Run(() => ListenAsync(_stopping.Token), CancellationToken.None),
            Task.Run(() => orchestrations.RunLoopAsync(_stopping.Token), CancellationToken.None),
            Task.Run(() => activities.RunLoopAsync(_stopping.Token), CancellationToken.None),
            Task.Run(() => housekeeping.RunLoopAsync(_stopping.Token), CancellationToken.None));
        Logs.Started(logger, signals.Worker, database.Hub);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _loops;
        try
        {
            await orchestrations.DrainAsync(cancellationToken);
            await activities.DrainAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Logs.StoppedEarly(logger);
        }

        await _drained.CancelAsync();
        await _renewing;
        Logs.Stopped(logger, signals.Worker);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _drained.Dispose();
    }

    private async Task RenewAsync(CancellationToken stopping)
    {
        // The server's clock counts leases down, not the host's.
        using var timer = new PeriodicTimer(database.LeaseDuration / 3);
        while (await WaitAsync(timer, stopping))
        {
            var (stepping, running) = (orchestrations.Stepping, activities.Running);
            if (stepping.Count > 0 || running.Count > 0)
            {
                await Loop.TryAsync(
                    logger,
                    cancellation => leases.RenewAsync(stepping, running, cancellation),
                    _ => Task.CompletedTask,
                    stopping);
            }
        }
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private Task ListenAsync(CancellationToken stopping) => Loop.TryAsync(
        logger,
        async cancellation =>
        {
            await using var connection = database.CreateListener();
            await connection.OpenAsync(cancellation);
            connection.Notification += (_, notification) => signals.Received(notification.Payload);
            await using (var command = new NpgsqlCommand($"LISTEN {database.Channel}", connection))
            {
                await command.ExecuteNonQueryAsync(cancellation);
            }

            signals.AnythingMayHaveChanged();
            while (true)
            {
                await connection.WaitAsync(cancellation);
            }
        },
        _ => Task.CompletedTask,
        stopping);
}
