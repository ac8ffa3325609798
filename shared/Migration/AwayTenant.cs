using Npgsql;
using WebHost.Data;

namespace WebHost.Migration;

/// <summary>
/// A tenant's row in a database to which its rows are brought. Whoever brings rows holds it, so that the tenant cannot begin to
/// be served there meanwhile, and nobody writes over what a tenant who is served has written.
/// </summary>
internal static class AwayTenant
{
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenTurns = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Holds the row beside others who bring rows.</summary>
    /// <exception cref="FenceRefusedException">The tenant is served there, or unknown.</exception>
    public static async Task ShareAsync(NpgsqlTransaction target, Guid tenantId, CancellationToken cancellationToken) =>
        await HoldAsync(target, tenantId, "FOR SHARE", cancellationToken);

    /// <summary>Holds the row alone.</summary>
    /// <returns>The moment of the serving database up to which rows have arrived; null when none has.</returns>
    /// <exception cref="FenceRefusedException">The tenant is served there, or unknown.</exception>
    public static Task<string?> TakeAsync(NpgsqlTransaction target, Guid tenantId, CancellationToken cancellationToken) =>
        HoldAsync(target, tenantId, "FOR UPDATE", cancellationToken);

    /// <summary>Says up to which moment rows have arrived.</summary>
    public static Task MarkAsync(
        NpgsqlTransaction target, Guid tenantId, string mark, CancellationToken cancellationToken) =>
        target.Sql("UPDATE fleet.customers SET mark = $2 WHERE customer_id = $1", tenantId, mark).RunAsync(cancellationToken);

    /// <summary>
    /// Holds the row of a tenant who is away, or is served at an epoch already, beside others who bring rows: for rows that join
    /// what is there.
    /// </summary>
    /// <exception cref="FenceRefusedException">The tenant is there at another epoch, fenced, or unknown.</exception>
    public static Task JoinAsync(
        NpgsqlTransaction target, Guid tenantId, long epoch, CancellationToken cancellationToken) =>
        JoinAsync(target, tenantId, epoch, "FOR SHARE", cancellationToken);

    /// <summary>
    /// Holds the row of a tenant who is away, or is served at an epoch already, alone: nobody writes the tenant until the
    /// transaction ends. Those who write meanwhile are waited for, in turns of two seconds, between which others may write.
    /// </summary>
    /// <exception cref="FenceRefusedException">The tenant is there at another epoch, fenced, or unknown.</exception>
    /// <exception cref="TimeoutException">Somebody wrote for longer than a minute.</exception>
    public static async Task JoinAloneAsync(
        NpgsqlTransaction target, Guid tenantId, long epoch, TimeProvider time, CancellationToken cancellationToken)
    {
        const string waiting = "waiting";
        var begin = time.GetTimestamp();
        await target.Sql($"SET LOCAL lock_timeout = '{Turn.TotalSeconds:0}s'").RunAsync(cancellationToken);
        while (true)
        {
            await target.SaveAsync(waiting, cancellationToken);
            try
            {
                await JoinAsync(target, tenantId, epoch, "FOR UPDATE", cancellationToken);
                await target.Sql("SET LOCAL lock_timeout = 0").RunAsync(cancellationToken);
                return;
            }
            catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                if (time.GetElapsedTime(begin) > Patience)
                {
                    throw new TimeoutException(
                        $"Tenant {tenantId} was written for longer than {Patience.TotalSeconds:0} s without a pause.", busy);
                }

                await target.RollbackAsync(waiting, cancellationToken);
            }

            await Task.Delay(BetweenTurns, time, cancellationToken);
        }
    }

    private static async Task JoinAsync(
        NpgsqlTransaction target, Guid tenantId, long epoch, string strength, CancellationToken cancellationToken)
    {
        if (!await target.Sql(
            $"SELECT true FROM fleet.customers WHERE customer_id = $1 AND epoch = $2 AND (away OR writable) {strength}",
            tenantId, epoch).FirstAsync(row => row.GetBoolean(0), cancellationToken))
        {
            throw new FenceRefusedException(
                $"No rows can join those of tenant {tenantId} at epoch {epoch}: it is here at another epoch, fenced, or unknown.");
        }
    }

    private static async Task<string?> HoldAsync(
        NpgsqlTransaction target, Guid tenantId, string strength, CancellationToken cancellationToken)
    {
        var held = await target.Sql($"SELECT mark FROM fleet.customers WHERE customer_id = $1 AND away {strength}", tenantId)
            .ListAsync(row => row.Maybe<string>(0), cancellationToken);
        return held is [var mark]
            ? mark
            : throw new FenceRefusedException($"No rows can be brought for tenant {tenantId}: it is served here, or unknown.");
    }
}
