using System.Runtime.CompilerServices;
using NetTopologySuite.Geometries;
using Npgsql;
using WebHost.Data;
using WebHost.Gps;
using WebHost.Gps.GeoJson;
using WebHost.Placement;

namespace WebHost.Fleet;

/// <summary>Reads where devices are and were, row by row as the database sends them.</summary>
public sealed class TrackReader(TenantSessions sessions)
{
    private const string Columns =
        "p.fix_time, p.position, p.altitude, p.speed, p.course, p.accuracy, p.battery, p.extras::text";

    /// <summary>Hands over the newest point, by fix time, of each of the tenant's devices.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="area">Only the points within it; all when null.</param>
    /// <param name="take">Takes the points while the query runs.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public Task ReadPositionsAsync(
        Guid tenantId,
        Geometry? area,
        Func<IAsyncEnumerable<DevicePosition>, Task> take,
        CancellationToken cancellationToken) =>
        ReadAsync(
            tenantId,
            session => session.Sql(
                $"""
                SELECT {Columns}, p.device_id, coalesce(d.name, ''), v.vehicle_id
                FROM fleet.positions p
                LEFT JOIN fleet.devices d USING (customer_id, device_id)
                LEFT JOIN LATERAL (
                    SELECT vehicle_id FROM fleet.device_vehicles r
                    WHERE r.customer_id = p.customer_id AND r.device_id = p.device_id
                    ORDER BY since DESC LIMIT 1) AS v ON true
                WHERE $1::geometry IS NULL OR ST_Intersects(p.position, $1)
                ORDER BY p.device_id
                """,
                area),
            row => new DevicePosition(row.GetGuid(8).ToString(), row.GetString(9), row.Maybe<string>(10), ReadPoint(row)),
            take,
            cancellationToken);

    /// <summary>Hands over a device's points in the order of their fix times.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="deviceId">Which device's.</param>
    /// <param name="span">Of what time, and where.</param>
    /// <param name="after">After this fix time: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="take">Takes the points while the query runs.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public Task ReadTrackAsync(
        Guid tenantId,
        Guid deviceId,
        PointSpan span,
        DateTimeOffset? after,
        int limit,
        Func<IAsyncEnumerable<GpsPoint>, Task> take,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(span);
        return ReadAsync(
            tenantId,
            session => span.Area is null
                ? session.Sql(
                    $"""
                    SELECT {Columns} FROM fleet.points p
                    WHERE customer_id = (SELECT fleet.current_customer()) AND device_id = $1
                      AND fix_time >= $2 AND fix_time < $3 AND ($4::timestamptz IS NULL OR fix_time > $4)
                    ORDER BY fix_time LIMIT $5
                    """,
                    deviceId, span.From, span.To, after, limit)
                : session.Sql(
                    $"SELECT {Columns} FROM fleet.points_within($1, $2, $3, $4, $5, $2, $6) p",
                    span.Area, deviceId, span.From, span.To, after, limit),
            ReadPoint,
            take,
            cancellationToken);
    }

    /// <summary>
    /// Hands over the points of all devices within an area, in the order of their fix times, then of the devices' ids.
    /// </summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="span">Of what time, and where.</param>
    /// <param name="after">After this point: the paging cursor.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="take">Takes the points; they have all been found before the first comes.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="ArgumentException">The span has no area.</exception>
    public Task ReadPointsAsync(
        Guid tenantId,
        PointSpan span,
        PointCursor? after,
        int limit,
        Func<IAsyncEnumerable<DevicePoint>, Task> take,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(span);
        return ReadAsync(
            tenantId,
            session => session.Sql(
                $"SELECT {Columns}, p.device_id FROM fleet.points_within($1, NULL, $2, $3, $4, $5, $6) p",
                span.Area ?? throw new ArgumentException("Points of all devices are read within an area.", nameof(span)),
                span.From, span.To, after?.Time, after?.DeviceId, limit),
            row => new DevicePoint(row.GetGuid(8), ReadPoint(row)),
            take,
            cancellationToken);
    }

    private Task ReadAsync<T>(
        Guid tenantId,
        Func<NpgsqlTransaction, NpgsqlCommand> query,
        Func<NpgsqlDataReader, T> read,
        Func<IAsyncEnumerable<T>, Task> take,
        CancellationToken cancellationToken) =>
        sessions.ReadAsync(
            tenantId,
            async session =>
            {
                await using var command = query(session);
                await using var rows = await command.ExecuteReaderAsync(cancellationToken);
                await take(EnumerateAsync(rows, read, cancellationToken));
                return true;
            },
            cancellationToken);

    private static async IAsyncEnumerable<T> EnumerateAsync<T>(
        NpgsqlDataReader rows, Func<NpgsqlDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await rows.ReadAsync(cancellationToken))
        {
            yield return read(rows);
        }
    }

    private static GpsPoint ReadPoint(NpgsqlDataReader row)
    {
        var position = row.GetFieldValue<Point>(1);
        return new GpsPoint(
            row.GetFieldValue<DateTimeOffset>(0),
            position.Y,
            position.X,
            ReadSingle(row, 2),
            ReadSingle(row, 3),
            ReadSingle(row, 4),
            ReadSingle(row, 5),
            ReadSingle(row, 6),
            Extras: row.Maybe<string>(7));
    }

    // By way of decimal, which has a single's seven digits: 12.3 stays 12.3 and does not become 12.300000190734863.
    private static double? ReadSingle(NpgsqlDataReader row, int column) => (double?)(decimal?)row.MaybeValue<float>(column);
}
