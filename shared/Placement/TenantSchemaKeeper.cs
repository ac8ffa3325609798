using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WebHost.Plans;

namespace WebHost.Placement;

/// <summary>
/// Brings every tenant database that serves somebody to the schema of this build when a build starts, since those that are made
/// later have it. One that does not answer is tried again every minute.
/// </summary>
public sealed partial class TenantSchemaKeeper(
    PlacementStore placements,
    TenantDatabaseStore databases,
    TenantDatabaseSetup setup,
    TimeProvider time,
    ILogger<TenantSchemaKeeper> logger) : BackgroundService
{
    private const int AtOnce = 8;

    private static readonly TimeSpan TryAgain = TimeSpan.FromMinutes(1);

    /// <summary>Updates all databases once, those that answer.</summary>
    /// <returns>How many did not.</returns>
    public async Task<int> UpdateAsync(CancellationToken cancellationToken)
    {
        var left = 0;
        await Parallel.ForEachAsync(
            await placements.ListServedDatabasesAsync(cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (served, token) =>
            {
                try
                {
                    await setup.UpdateSchemaAsync(
                        await databases.GetAsync(served.DatabaseId, token),
                        served.ServerId is null ? HostingMode.SingleTenant : HostingMode.MultiTenant,
                        token);
                }
                catch (Exception failed) when (!token.IsCancellationRequested)
                {
                    LogNotUpdated(logger, served.DatabaseId, failed);
                    Interlocked.Increment(ref left);
                }
            });
        return left;
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await TryUpdateAsync(stoppingToken) != 0)
        {
            await Task.Delay(TryAgain, time, stoppingToken);
        }
    }

    private async Task<int?> TryUpdateAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await UpdateAsync(cancellationToken);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotListed(logger, failed);
            return null;
        }
    }

    [LoggerMessage(460, LogLevel.Warning, "Database {DatabaseId} could not be brought to the schema of this build; it is tried again.")]
    private static partial void LogNotUpdated(ILogger logger, Guid databaseId, Exception exception);

    [LoggerMessage(461, LogLevel.Warning, "The tenant databases could not be listed, to be brought to the schema of this build.")]
    private static partial void LogNotListed(ILogger logger, Exception exception);
}
