using System.Globalization;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Says which database takes a tenant's writes (0003_moves.sql, 0009_holders_and_marks.sql). The order of a move is <see cref="CloseAsync"/> at the source, the last catching
/// up, <see cref="HandOverAsync"/> at the source, and only then <see cref="TakeOverAsync"/> at the target. The databases
/// themselves hold to it: a source that has handed over can not be released, by a call however late, so that repeating any call
/// at any time never has the tenant written in two places. A fence belongs to the attempt that closed it: what an attempt has
/// compared holds only as long as nobody has taken its fence away.
/// </summary>
public sealed class Fence(MovingConnections connections)
{
    /// <summary>Ends writes at an epoch, once those that have begun are done. Repeating it is harmless.</summary>
    /// <param name="database">Where the tenant is served.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="epoch">The epoch at which it is served there.</param>
    /// <param name="holder">The attempt, to which the fence belongs from now on.</param>
    /// <param name="patience">For how long to wait for a write that has begun. New writes wait as well meanwhile.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FenceRefusedException">The tenant is not served there at that epoch.</exception>
    /// <exception cref="TimeoutException">A write took longer; the tenant is served as before.</exception>
    public async Task CloseAsync(
        TenantDatabaseAddress database,
        Guid tenantId,
        long epoch,
        Guid holder,
        TimeSpan patience,
        CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(database, "SELECT fleet.fence($1, $2, $3)", patience, cancellationToken, tenantId, epoch, holder);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TimeoutException($"A write of tenant {tenantId} was not done within {patience.TotalSeconds:0.#} s.", busy);
        }
    }

    /// <summary>Takes writes again at the epoch that was fenced.</summary>
    /// <exception cref="FenceRefusedException">
    /// The tenant has been handed over, or was never served there at that epoch, or the fence is another attempt's.
    /// </exception>
    public Task ReleaseAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, Guid holder, CancellationToken cancellationToken) =>
        CallAsync(database, "SELECT fleet.release($1, $2, $3)", patience: null, cancellationToken, tenantId, epoch, holder);

    /// <summary>
    /// Serves a tenant who has not been handed over at a newer epoch, where no attempt at the old one reaches it, however late.
    /// </summary>
    /// <exception cref="FenceRefusedException">The tenant has been handed over, or was never served there at that epoch.</exception>
    public Task StayAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, long nextEpoch, CancellationToken cancellationToken) =>
        CallAsync(database, "SELECT fleet.stay($1, $2, $3)", patience: null, cancellationToken, tenantId, epoch, nextEpoch);

    /// <summary>Takes writes again when whoever closed the fence has not been heard of for so long.</summary>
    /// <returns>Whether that was so.</returns>
    public async Task<bool> ReleaseForgottenAsync(
        TenantDatabaseAddress database, Guid tenantId, TimeSpan age, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        return await connection.Sql("SELECT fleet.release_forgotten($1, $2)", tenantId, age)
            .FirstAsync(row => row.GetBoolean(0), cancellationToken);
    }

    /// <summary>Gives a fenced tenant away for good: only taking over at a higher epoch has it served there again.</summary>
    /// <exception cref="FenceRefusedException">The tenant is not fenced there at that epoch, or by another attempt.</exception>
    public Task HandOverAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, Guid holder, CancellationToken cancellationToken) =>
        CallAsync(database, "SELECT fleet.hand_over($1, $2, $3)", patience: null, cancellationToken, tenantId, epoch, holder);

    /// <summary>Has a tenant served where it was expected, or where it had been before.</summary>
    /// <exception cref="FenceRefusedException">The tenant is not expected there, or at a higher epoch.</exception>
    public Task TakeOverAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, CancellationToken cancellationToken) =>
        CallAsync(database, "SELECT fleet.take_over($1, $2)", patience: null, cancellationToken, tenantId, epoch);

    /// <summary>
    /// Has a tenant expected again where it was taken over and nobody was led to, from the moment up to which its rows have
    /// arrived. One that is expected already is left as it is.
    /// </summary>
    /// <param name="database">Where it was taken over.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="servedAt">The epoch at which it is served elsewhere.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <exception cref="FenceRefusedException">The tenant is served there at that epoch or a newer one.</exception>
    public async Task ExpectAgainAsync(
        TenantDatabaseAddress database, Guid tenantId, long servedAt, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var taken = await transaction.Sql(
            "SELECT epoch, mark FROM fleet.customers WHERE customer_id = $1 AND NOT away FOR UPDATE", tenantId)
            .ListAsync(row => (Epoch: row.GetInt64(0), Mark: row.GetString(1)), cancellationToken);
        if (taken is not [var (epoch, mark)])
        {
            return;
        }

        if (epoch >= servedAt)
        {
            throw new FenceRefusedException($"Tenant {tenantId} is served by database {database.Name} at epoch {epoch}.");
        }

        // In one transaction, since handing over forgets the moment.
        var holder = Guid.NewGuid();
        await transaction.Sql("SELECT fleet.fence($1, $2, $3)", tenantId, epoch, holder).RunAsync(cancellationToken);
        await transaction.Sql("SELECT fleet.hand_over($1, $2, $3)", tenantId, epoch, holder).RunAsync(cancellationToken);
        await AwayTenant.MarkAsync(transaction, tenantId, mark, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Whether and how the tenant is served there; null when the database does not know it.</summary>
    public async Task<FenceState?> ReadAsync(
        TenantDatabaseAddress database, Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        return await connection.Sql(
            "SELECT epoch, writable, away, clock_timestamp() - fenced_at FROM fleet.customers WHERE customer_id = $1", tenantId)
            .FirstAsync(
                row => new FenceState(row.GetInt64(0), row.GetBoolean(1), row.GetBoolean(2), row.MaybeValue<TimeSpan>(3)),
                cancellationToken);
    }

    private async Task CallAsync(
        TenantDatabaseAddress database,
        string sql,
        TimeSpan? patience,
        CancellationToken cancellationToken,
        params object?[] values)
    {
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        if (patience is { } wait)
        {
            await connection.Sql(
                "SELECT set_config('lock_timeout', $1, false)",
                Math.Max(1, (long)wait.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)).RunAsync(cancellationToken);
        }

        try
        {
            await connection.Sql(sql, values).RunAsync(cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresFaults.Moved)
        {
            throw new FenceRefusedException(refused.MessageText, refused);
        }
    }
}

/// <summary>A database refuses a step of a move, since the tenant is not in the state from which it can be taken.</summary>
public sealed class FenceRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>How a database serves a tenant.</summary>
/// <param name="Epoch">At which epoch it does, did last, or would.</param>
/// <param name="Writable">Whether it takes writes.</param>
/// <param name="Away">Whether the tenant is expected or has left.</param>
/// <param name="FencedFor">For how long it has taken no writes, by its own clock; null when nobody has fenced it.</param>
public sealed record FenceState(long Epoch, bool Writable, bool Away, TimeSpan? FencedFor);
