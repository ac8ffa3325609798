using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Retention;

/// <summary>
/// Has a database keep a tenant's rows whatever their age. A move holds them on both sides, from before it copies the first
/// row until it is settled: it compares the two sides and carries no deletion of points from one to the other.
/// </summary>
public sealed class RetentionHold(TenantDatabaseStore databases)
{
    /// <summary>
    /// Holds the rows. It waits for a deletion that has begun; afterwards there are none. Repeating it is harmless.
    /// </summary>
    /// <exception cref="InvalidOperationException">The database does not know the tenant.</exception>
    public Task PlaceAsync(TenantDatabaseAddress database, Guid tenantId, CancellationToken cancellationToken) =>
        SetAsync(database, tenantId, "coalesce(held_since, now())", cancellationToken);

    /// <summary>
    /// Lets old rows go again, with the next run of <see cref="RetentionKeeper"/>. Repeating it is harmless.
    /// </summary>
    /// <exception cref="InvalidOperationException">The database does not know the tenant.</exception>
    public Task LiftAsync(TenantDatabaseAddress database, Guid tenantId, CancellationToken cancellationToken) =>
        SetAsync(database, tenantId, "NULL", cancellationToken);

    private async Task SetAsync(
        TenantDatabaseAddress database, Guid tenantId, string since, CancellationToken cancellationToken)
    {
        await using var connection =
            await (await databases.AdminLoginAsync(database, cancellationToken)).OpenAsync(cancellationToken);
        if (await connection.Sql($"UPDATE fleet.customers SET held_since = {since} WHERE customer_id = $1", tenantId)
            .RunAsync(cancellationToken) == 0)
        {
            throw new InvalidOperationException($"Database {database.Name} does not know tenant {tenantId}.");
        }
    }
}
