using Npgsql;
using WebHost.Data;

namespace WebHost.Placement;

/// <summary>
/// Runs work in a tenant's database as the tenant's own role, wherever the tenant lives at the moment. A write holds only at
/// the epoch of the placement that led to it; when the tenant has moved meanwhile, the work is done once more at the new place.
/// </summary>
public sealed class TenantSessions(PlacementCache placements, TenantConnections connections)
{
    /// <summary>Runs work that only reads.</summary>
    /// <exception cref="TenantNotServedException">The tenant has no home yet.</exception>
    public Task<T> ReadAsync<T>(Guid tenantId, Func<NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(tenantId, writes: false, work, cancellationToken);

    /// <summary>Runs work that writes; it commits when it returns.</summary>
    /// <exception cref="TenantNotServedException">The tenant has no home yet.</exception>
    /// <exception cref="TenantFencedException">The tenant takes no writes for the moment.</exception>
    public Task<T> WriteAsync<T>(Guid tenantId, Func<NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(tenantId, writes: true, work, cancellationToken);

    private async Task<T> RunAsync<T>(
        Guid tenantId, bool writes, Func<NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        var placement = await placements.GetServedAsync(tenantId, cancellationToken);
        try
        {
            try
            {
                return await RunAtAsync(placement, writes, work, cancellationToken);
            }
            catch (PostgresException moved) when (MeansMoved(moved))
            {
                placements.Forget(tenantId);
                var current = await placements.GetServedAsync(tenantId, cancellationToken);
                if (current.Epoch == placement.Epoch)
                {
                    throw;
                }

                return await RunAtAsync(current, writes, work, cancellationToken);
            }
        }
        catch (PostgresException notNow) when (notNow.SqlState is PostgresFaults.Moved or PostgresFaults.Fenced)
        {
            // Fenced; or handed over a moment before everybody is told where the tenant went, or told a moment before its database
            // takes over.
            placements.Forget(tenantId);
            throw new TenantFencedException(tenantId);
        }
    }

    // A role or database that is gone is what a read finds at a place that has been cleaned up.
    private static bool MeansMoved(PostgresException exception) => exception.SqlState
        is PostgresFaults.Moved
        or PostgresErrorCodes.InvalidPassword
        or PostgresErrorCodes.InvalidAuthorizationSpecification
        or PostgresErrorCodes.InvalidCatalogName;

    private async Task<T> RunAtAsync<T>(
        TenantPlacement placement, bool writes, Func<NpgsqlTransaction, Task<T>> work, CancellationToken cancellationToken)
    {
        var pool = await connections.ForTenantAsync(placement);
        await using var connection = await pool.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await TenantDatabaseSetup.ActAsAsync(transaction, placement.TenantId, cancellationToken);
        if (writes)
        {
            await transaction.Sql("SELECT fleet.begin_write($1)", placement.Epoch).RunAsync(cancellationToken);
        }

        var result = await work(transaction);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }
}
