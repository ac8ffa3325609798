using System.Globalization;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Says which database takes a tenant's writes. The order of a move is <see cref="CloseAsync"/> at the source, the last catching
/// up, <see cref="HandOverAsync"/> at the source, and only then <see cref="TakeOverAsync"/> at the target. The databases
/// themselves hold to it (0003_moves.sql): a source that has handed over can not be released, by a call however late, so that
/// repeating any call at any time never has the tenant written in two places.
/// </summary>
public sealed class Fence(MovingConnections connections)
{
    /// <summary>Ends writes at an epoch, once those that have begun are done. Repeating it is harmless.</summary>
    /// <param name="database">Where the tenant is served.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="epoch">The epoch at which it is served there.</param>
    /// <param name="patience">For how long to wait for a write that has begun. New writes wait as well meanwhile.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FenceRefusedException">The tenant is not served there at that epoch.</exception>
    /// <exception cref="TimeoutException">A write took longer; the tenant is served as before.</exception>
    public async Task CloseAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(database, "fence", tenantId, epoch, patience, cancellationToken);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TimeoutException($"A write of tenant {tenantId} was not done within {patience.TotalSeconds:0.#} s.", busy);
        }
    }

    /// <summary>Takes writes again at the epoch that was fenced.</summary>
    /// <exception cref="FenceRefusedException">The tenant has been handed over, or was never served there at that epoch.</exception>
    public Task ReleaseAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, CancellationToken cancellationToken) =>
        CallAsync(database, "release", tenantId, epoch, patience: null, cancellationToken);

    /// <summary>Gives a fenced tenant away for good: only taking over at a higher epoch has it served there again.</summary>
    /// <exception cref="FenceRefusedException">The tenant is not fenced there at that epoch.</exception>
    public Task HandOverAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, CancellationToken cancellationToken) =>
        CallAsync(database, "hand_over", tenantId, epoch, patience: null, cancellationToken);

    /// <summary>Has a tenant served where it was expected, or where it had been before.</summary>
    /// <exception cref="FenceRefusedException">The tenant is not expected there, or at a higher epoch.</exception>
    public Task TakeOverAsync(
        TenantDatabaseAddress database, Guid tenantId, long epoch, CancellationToken cancellationToken) =>
        CallAsync(database, "take_over", tenantId, epoch, patience: null, cancellationToken);

    private async Task CallAsync(
        TenantDatabaseAddress database,
        string function,
        Guid tenantId,
        long epoch,
        TimeSpan? patience,
        CancellationToken cancellationToken)
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
            await connection.Sql($"SELECT fleet.{function}($1, $2)", tenantId, epoch).RunAsync(cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresFaults.Moved)
        {
            throw new FenceRefusedException(refused.MessageText, refused);
        }
    }
}

/// <summary>A database refuses a step of a move, since the tenant is not in the state from which it can be taken.</summary>
public sealed class FenceRefusedException(string message, Exception inner) : Exception(message, inner);
