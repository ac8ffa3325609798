using Microsoft.Azure.Functions.Worker;
using WebHost.Monitoring;

namespace WebHost.Timers;

/// <summary>Looks after what serves tenants.</summary>
public sealed class WatchFunctions(DatabaseWatch watch)
{
    /// <summary>Looks at every database that serves tenants.</summary>
    [Function("WatchDatabases")]
    public Task WatchDatabases([TimerTrigger("*/10 * * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        watch.RunAsync(cancellationToken);
}
