using System.Security.Cryptography;
using Microsoft.Azure.Functions.Worker;
using WebHost.Data;
using WebHost.Gps;
using WebHost.Gps.Ingestion;
using WebHost.Operations;
using WebHost.Placement;

namespace WebHost.Migration;

/// <summary>
/// Sends a point of a device that does not exist the way of every other, reads it back as the tenant's role does, and takes it
/// out of both homes again.
/// </summary>
public sealed class ProbeTarget(
    MoveSteps steps, PointQueue queue, TenantSessions sessions, MovingConnections connections, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The step.</summary>
    [Function(nameof(ProbeTarget))]
    public Task<bool> RunAsync([ActivityTrigger] MoveInput input, CancellationToken cancellationToken) =>
        steps.RunAsync(
            input,
            nameof(ProbeTarget),
            async (moving, token) =>
            {
                var device = DeviceOf(input.OperationId);
                var now = time.GetUtcNow();
                var point = new GpsPoint(now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond)), 1, 1);
                // Said to be in the journal already: what restores a tenant from there must not find it.
                await queue.SetAsideAsync(
                    [PointSegment.Write(new PointBatch(input.TenantId, device, now, GpsProtocol.Json, [point], [], []))],
                    attempts: null,
                    journaled: true,
                    token);
                try
                {
                    await WaitAsync(input.TenantId, device, point, token);
                    var took = time.GetUtcNow() - now;
                    return StepOutcome.Done($"A point was read back {took.TotalMilliseconds:N0} ms after it was sent.");
                }
                finally
                {
                    // From where the tenant is served first: what a round has taken from there before is gone when it is gone here.
                    await RemoveAsync(await steps.DatabaseAsync(moving.Target, token), input.TenantId, device, token);
                    await RemoveAsync(moving.SourceDatabase, input.TenantId, device, token);
                }
            },
            cancellationToken);

    private async Task WaitAsync(Guid tenantId, Guid device, GpsPoint point, CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        while (!await sessions.ReadAsync(
            tenantId,
            transaction => transaction.Sql(
                "SELECT EXISTS (SELECT FROM fleet.points WHERE customer_id = $1 AND device_id = $2 AND fix_time = $3)",
                tenantId, device, point.Time).FirstAsync(row => row.GetBoolean(0), cancellationToken),
            cancellationToken))
        {
            if (time.GetElapsedTime(begin) > Patience)
            {
                throw new TimeoutException($"The point had not arrived {Patience.TotalSeconds:0} s after it was sent.");
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    // Holding the tenant's row, so that no round under way brings the point back.
    private async Task RemoveAsync(
        TenantDatabaseAddress database, Guid tenantId, Guid device, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(database, cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await transaction.Sql("SELECT FROM fleet.customers WHERE customer_id = $1 FOR UPDATE", tenantId)
            .RunAsync(cancellationToken);
        foreach (var table in new[] { "points", "positions" })
        {
            await transaction.Sql($"DELETE FROM fleet.{table} WHERE customer_id = $1 AND device_id = $2", tenantId, device)
                .RunAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    // The same at every attempt, so that the last one removes what the others sent.
    private static Guid DeviceOf(Guid operationId) => new(SHA256.HashData(operationId.ToByteArray()).AsSpan(0, 16));
}
