using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Data;

namespace WebHost.Placement;

/// <summary>Has every tenant database make the partitions of the days to come, so that no write has to wait for one.</summary>
public sealed partial class PartitionKeeper(TenantDatabaseStore databases, ILogger<PartitionKeeper> logger)
{
    private const int DaysAhead = 3;

    /// <summary>Goes through all databases; one that does not answer is left for the next time.</summary>
    public async Task MakeAheadAsync(CancellationToken cancellationToken)
    {
        foreach (var databaseId in await databases.ListAsync(cancellationToken))
        {
            try
            {
                var database = await databases.GetAsync(databaseId, cancellationToken);
                var admin = await databases.AdminLoginAsync(database, cancellationToken);
                await using var connection = await admin.OpenAsync(cancellationToken);
                await connection.Sql("SELECT fleet.ensure_partitions_ahead($1)", DaysAhead).RunAsync(cancellationToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
            {
                LogSkipped(logger, databaseId, exception);
            }
        }
    }

    [LoggerMessage(420, LogLevel.Warning, "Database {DatabaseId} made no partitions ahead; the next run tries again.")]
    private static partial void LogSkipped(ILogger logger, Guid databaseId, Exception exception);
}
