using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace WebHost.Local.Functions;

/// <summary>
/// Runs timer functions: one run at a time over all processes on the database, and one for all the ticks that passed while
/// none was running. A run is written down when it has ended, so that a process that dies in one leaves it due.
/// </summary>
internal sealed class TimerHost(
    FunctionCatalog catalog,
    FunctionPipeline pipeline,
    LocalHostSettings settings,
    IServiceScopeFactory scopes,
    TimeProvider time,
    ILogger<TimerHost> logger) : BackgroundService
{
    /// <summary>Also how soon another process takes over after the one that ran the timer has died.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>A longer sleep is cut up, so that a clock that was set is noticed.</summary>
    private static readonly TimeSpan MaxSleep = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan PastDue = TimeSpan.FromSeconds(1);

    private readonly TimerStore _store = new(settings.Database!);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await _store.EnsureSchemaAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await _store.DisposeAsync();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(catalog.Timers.Select(timer => RunAsync(timer, stoppingToken)));

    private async Task RunAsync(TimerFunction timer, CancellationToken stopping)
    {
        var runNow = timer.RunOnStartup;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var state = await _store.ReadAsync(timer, time.GetUtcNow(), stopping);
                var sleep = runNow ? TimeSpan.Zero : state.NextDue - time.GetUtcNow();
                if (sleep > TimeSpan.Zero)
                {
                    await Task.Delay(sleep < MaxSleep ? sleep : MaxSleep, time, stopping);
                }
                else if (await TryRunAsync(timer, runNow, stopping))
                {
                    runNow = false;
                }
                else
                {
                    await Task.Delay(RetryDelay, time, stopping);
                }
            }
            catch (NpgsqlException exception)
            {
                logger.TimerDatabaseFailed(exception, timer.Function.Name, RetryDelay);
                await Task.Delay(RetryDelay, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <returns>False when the run is still due: another process has it, or it was cut short.</returns>
    private async Task<bool> TryRunAsync(TimerFunction timer, bool atOnce, CancellationToken stopping)
    {
        await using var held = await _store.TryLockAsync(timer, stopping);
        if (held is null)
        {
            return false;
        }

        var start = time.GetUtcNow();
        var state = await _store.ReadAsync(timer, start, stopping);
        if (state.NextDue > start && !atOnce)
        {
            return true;
        }

        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(stopping, held.Lost);
        if (!await InvokeAsync(timer, state, start, cancelled.Token) || held.Lost.IsCancellationRequested)
        {
            return false;
        }

        var end = time.GetUtcNow();
        await _store.WriteRunAsync(timer, start, timer.NextAfter(end), end, CancellationToken.None);
        return true;
    }

    /// <returns>False when it was cut short; a run that failed is a run.</returns>
    private async Task<bool> InvokeAsync(
        TimerFunction timer, TimerState state, DateTimeOffset start, CancellationToken cancellationToken)
    {
        var info = new TimerInfo
        {
            IsPastDue = state.NextDue < start - PastDue,
            ScheduleStatus = new ScheduleStatus
            {
                Last = state.LastRun?.UtcDateTime ?? default,
                Next = timer.NextAfter(start).UtcDateTime,
                LastUpdated = state.UpdatedAt.UtcDateTime,
            },
        };
        await using var scope = scopes.CreateAsyncScope();
        var invocation = new LocalFunctionContext(timer.Function, scope.ServiceProvider, info, cancellationToken);
        try
        {
            await pipeline.RunAsync(invocation);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception exception)
        {
            logger.FunctionFailed(exception, timer.Function.Name, invocation.InvocationId);
        }

        return true;
    }
}
