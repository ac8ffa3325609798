using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;
using Npgsql;
using WebHost.Data;
using WebHost.Placement;

namespace WebHost.Fleet;

/// <summary>Reads where devices are and were, row by row as the database sends them.</summary>
public sealed class TrackReader(TenantSessions sessions)
{
    private const string Columns =
        "device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras::text";

    /// <summary>Hands over the newest point, by fix time, of each of the tenant's devices.</summary>
    public Task ReadPositionsAsync(
        Guid tenantId, Func<IAsyncEnumerable<StoredPoint>, Task> take, CancellationToken cancellationToken) =>
        ReadAsync(
            tenantId,
            session => session.Sql($"SELECT {Columns} FROM fleet.positions ORDER BY device_id"),
            take,
            cancellationToken);

    /// <summary>Hands over a device's points in the order of their fix times.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="deviceId">Which device's.</param>
    /// <param name="from">From this fix time on.</param>
    /// <param name="to">Before this fix time.</param>
    /// <param name="after">After this fix time: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="take">Takes the points while the query runs.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public Task ReadTrackAsync(
        Guid tenantId,
        Guid deviceId,
        DateTimeOffset from,
        DateTimeOffset to,
        DateTimeOffset? after,
        int limit,
        Func<IAsyncEnumerable<StoredPoint>, Task> take,
        CancellationToken cancellationToken) =>
        ReadAsync(
            tenantId,
            session => session.Sql(
                $"""
                SELECT {Columns} FROM fleet.points
                WHERE device_id = $1 AND fix_time >= $2 AND fix_time < $3 AND ($4::timestamptz IS NULL OR fix_time > $4)
                ORDER BY fix_time LIMIT $5
                """,
                deviceId, from, to, after, limit),
            take,
            cancellationToken);

    private Task ReadAsync(
        Guid tenantId,
        Func<NpgsqlTransaction, NpgsqlCommand> query,
        Func<IAsyncEnumerable<StoredPoint>, Task> take,
        CancellationToken cancellationToken) =>
        sessions.ReadAsync(
            tenantId,
            async session =>
            {
                await using var command = query(session);
                await using var rows = await command.ExecuteReaderAsync(cancellationToken);
                await take(EnumerateAsync(rows, cancellationToken));
                return true;
            },
            cancellationToken);

    private static async IAsyncEnumerable<StoredPoint> EnumerateAsync(
        NpgsqlDataReader rows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            yield return new StoredPoint(
                rows.GetGuid(0),
                rows.GetFieldValue<DateTimeOffset>(1),
                rows.GetFieldValue<Point>(2),
                rows.MaybeValue<float>(3),
                rows.MaybeValue<float>(4),
                rows.MaybeValue<float>(5),
                rows.MaybeValue<float>(6),
                rows.MaybeValue<float>(7),
                rows.GetFieldValue<DateTimeOffset>(8),
                rows.Maybe<string>(9));
        }
    }
}
