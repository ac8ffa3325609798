using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WebHost.Data;
using WebHost.Plans;

namespace WebHost.Gps.Allowances;

/// <summary>
/// Keeps each tenant to the points a second of its plan, with a minute's worth as a burst, so that none slows another.
///
/// A process decides by itself, without asking anybody, and once a second counts what it has let in against a row that all
/// processes share, from which it learns what the others have let in. What a tenant sends over any longer time is therefore
/// exactly its rate; for a moment it can be over it by what the other processes let in during one second, as long as
/// each of them knows of something left. While the control database does not answer, each process goes by what it knows.
/// </summary>
public sealed partial class PointAllowances(ControlDatabase control, TimeProvider time, ILogger<PointAllowances> logger)
    : BackgroundService
{
    private static readonly TimeSpan ShareEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<Guid, PointAllowance> _allowances = new();

    /// <summary>Lets a tenant's points in, all or none.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="limits">What its plan allows.</param>
    /// <param name="points">How many; with 0, whether any would be let in.</param>
    /// <returns>Null when they may come in; otherwise after what time the next may.</returns>
    public TimeSpan? Take(Guid tenantId, PlanLimits limits, int points)
    {
        ArgumentNullException.ThrowIfNull(limits);
        return _allowances.GetOrAdd(tenantId, static (_, time) => new PointAllowance(time), time)
            .Take(limits.PointsPerSecond, limits.PointBurst, points);
    }

    /// <summary>Points that were let in did not get in for another reason.</summary>
    public void GiveBack(Guid tenantId, int points)
    {
        if (_allowances.TryGetValue(tenantId, out var allowance))
        {
            allowance.GiveBack(points);
        }
    }

    /// <summary>Counts what was let in since the last time against rows that all processes share, and learns what is left.</summary>
    public async Task ShareAsync(CancellationToken cancellationToken)
    {
        foreach (var rested in _allowances.Where(known => known.Value.IsRested(ForgetAfter)))
        {
            _allowances.TryRemove(rested);
        }

        var shares = _allowances.OrderBy(known => known.Key)
            .Select(known => (TenantId: known.Key, Allowance: known.Value, Share: known.Value.BeginSharing()))
            .ToArray();
        if (shares.Length == 0)
        {
            return;
        }

        try
        {
            await using var connection = await control.OpenAsync(cancellationToken);
            var balances = await connection.Sql(
                """
                INSERT INTO point_allowances AS known (tenant_id, rate, burst, balance, shared_at)
                SELECT tenant_id, rate, burst, burst - spent, clock_timestamp()
                FROM unnest($1::uuid[], $2::float8[], $3::float8[], $4::float8[]) AS s (tenant_id, rate, burst, spent)
                ORDER BY tenant_id
                ON CONFLICT (tenant_id) DO UPDATE SET
                    rate = excluded.rate, burst = excluded.burst,
                    balance = least(excluded.burst, known.balance
                        + excluded.rate * greatest(0, extract(epoch FROM excluded.shared_at - known.shared_at)))
                        - (excluded.burst - excluded.balance),
                    shared_at = greatest(excluded.shared_at, known.shared_at)
                RETURNING tenant_id, balance
                """,
                Array.ConvertAll(shares, share => share.TenantId),
                Array.ConvertAll(shares, share => share.Share.Rate),
                Array.ConvertAll(shares, share => share.Share.Burst),
                Array.ConvertAll(shares, share => share.Share.Spent)).ListAsync(
                    row => (TenantId: row.GetGuid(0), Balance: row.GetDouble(1)), cancellationToken);
            foreach (var (tenantId, balance) in balances)
            {
                if (_allowances.TryGetValue(tenantId, out var allowance))
                {
                    allowance.EndSharing(balance);
                }
            }
        }
        catch
        {
            foreach (var (_, allowance, share) in shares)
            {
                allowance.FailSharing(share.Spent);
            }

            throw;
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ShareEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ShareAsync(stoppingToken);
            }
            catch (Exception unavailable) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotShared(logger, unavailable);
            }
        }
    }

    [LoggerMessage(410, LogLevel.Warning, "Points let in cannot be counted together with other instances' for the moment.")]
    private static partial void LogNotShared(ILogger logger, Exception exception);
}
