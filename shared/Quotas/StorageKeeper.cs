using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using WebHost.Data;
using WebHost.Monitoring;
using WebHost.Placement;
using WebHost.Plans;

namespace WebHost.Quotas;

/// <summary>Measures what every tenant stores, and notes and reports who stores more than the plan's quota.</summary>
public sealed partial class StorageKeeper(
    ControlDatabase control, PlacementStore placements, TenantDatabaseStore databases, AlertStore alerts, ILogger<StorageKeeper> logger)
{
    /// <summary>Kind of the alert for a tenant that stores more than its quota.</summary>
    public const string OverQuota = "over-quota";

    // Counting every point of a full server takes a while and is in nobody's way.
    private const int MeasureTimeoutSeconds = 600;

    /// <summary>What the tenant had stored when it was last measured, or null when it never was.</summary>
    public async Task<TenantStorage?> FindAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await control.OpenAsync(cancellationToken);
        return await connection.Sql(
            "SELECT points, bytes, over_quota, measured_at FROM tenant_storage WHERE tenant_id = $1", tenantId)
            .FirstAsync(
                row => new TenantStorage(
                    row.GetInt64(0), row.GetInt64(1), row.GetBoolean(2), row.GetFieldValue<DateTimeOffset>(3)),
                cancellationToken);
    }

    /// <summary>Goes through all databases; one that does not answer is left for the next time.</summary>
    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        foreach (var group in (await placements.ListServedAsync(cancellationToken)).GroupBy(served => served.DatabaseId!.Value))
        {
            try
            {
                await MeasureAsync(group.Key, group.ToDictionary(served => served.TenantId, served => served.Plan), cancellationToken);
            }
            catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
            {
                LogSkipped(logger, group.Key, exception);
            }
        }
    }

    private async Task MeasureAsync(
        Guid databaseId, Dictionary<Guid, PlanId> plans, CancellationToken cancellationToken)
    {
        var database = await databases.GetAsync(databaseId, cancellationToken);
        var admin = await databases.AdminLoginAsync(database, cancellationToken);
        admin.Settings.CommandTimeout = MeasureTimeoutSeconds;
        await using var connection = await admin.OpenAsync(cancellationToken);
        var measured = await connection.Sql("SELECT customer_id, points, bytes FROM fleet.measure_customers()").ListAsync(
            row => (TenantId: row.GetGuid(0), Points: row.GetInt64(1), Bytes: row.GetInt64(2)), cancellationToken);

        // Rows of a tenant that has moved away stay behind for a while and are not what it stores.
        foreach (var (tenantId, points, bytes) in measured.Where(customer => plans.ContainsKey(customer.TenantId)))
        {
            var quota = StorageQuota.Of(PlanCatalog.Standard.Get(plans[tenantId]).Limits);
            await NoteAsync(tenantId, points, bytes, quota, cancellationToken);
        }
    }

    private async Task NoteAsync(
        Guid tenantId, long points, long bytes, StorageQuota quota, CancellationToken cancellationToken)
    {
        var over = points > quota.Points || bytes > quota.Bytes;
        await using (var connection = await control.OpenAsync(cancellationToken))
        {
            await connection.Sql(
                """
                INSERT INTO tenant_storage (tenant_id, points, bytes, over_quota) VALUES ($1, $2, $3, $4)
                ON CONFLICT (tenant_id) DO UPDATE SET
                    points = excluded.points, bytes = excluded.bytes, over_quota = excluded.over_quota, measured_at = now()
                """,
                tenantId, points, bytes, over).RunAsync(cancellationToken);
        }

        if (!over)
        {
            await alerts.ResolveAsync(OverQuota, tenantId.ToString(), cancellationToken);
            return;
        }

        await alerts.RaiseAsync(
            OverQuota,
            tenantId.ToString(),
            string.Create(
                CultureInfo.InvariantCulture,
                $"Stores {points:N0} points in {bytes / 1_000_000:N0} MB; its plan allows {quota.Points:N0} and {quota.Bytes / 1_000_000:N0}. Its points are still taken, further devices are not. Offer it a larger plan: POST /api/tenants/{tenantId}/migrations."),
            cancellationToken);
    }

    [LoggerMessage(430, LogLevel.Warning, "Database {DatabaseId} was not measured; the next run tries again.")]
    private static partial void LogSkipped(ILogger logger, Guid databaseId, Exception exception);
}
