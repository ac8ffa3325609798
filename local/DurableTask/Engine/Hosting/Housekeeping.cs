using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using WebHost.Local.DurableTask.Storage;

namespace WebHost.Local.DurableTask.Hosting;

/// <summary>Deletes, once an hour, orchestrations that finished long ago and messages to nobody.</summary>
internal sealed class Housekeeping(
    InstanceStore instances,
    TimeProvider time,
    IOptions<LocalDurableTaskOptions> options,
    ILogger<Housekeeping> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    public async Task RunLoopAsync(CancellationToken stopping)
    {
        await foreach (var _ in Loop.TurnsAsync(new AsyncSignal(), Interval, time, stopping))
        {
            await Loop.TryAsync(logger, TidyAsync, _ => Task.CompletedTask, stopping);
        }
    }

    private async Task TidyAsync(CancellationToken stopping)
    {
        await instances.DeleteOrphansAsync(stopping);
        if (options.Value.RetentionOfFinished is { } retention)
        {
            var before = time.GetUtcNow().UtcDateTime - retention;
            var count = await instances.PurgeFinishedBeforeAsync(before, stopping);
            if (count > 0)
            {
                Logs.Purged(logger, count, before);
            }
        }
    }
}
