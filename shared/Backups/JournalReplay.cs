using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using WebHost.Data;
using WebHost.Gps.Ingestion;
using WebHost.Json;
using WebHost.Migration;

namespace WebHost.Backups;

/// <summary>
/// Writes what the journal has of a tenant into a database where it is away, or served already, newest first. It knows no
/// more than the consumer of the queue does: a point is there once however often it was sent, and of a device the newest
/// position and sign of life stay. Interrupted, it goes on behind what it has written.
/// </summary>
public sealed partial class JournalReplay(
    JournalReader journal, MovingConnections connections, ILogger<JournalReplay> logger)
{
    private const int MessagesPerTransaction = 10_000;

    // A report names some; there can be as many as the journal has blobs.
    private const int FaultsNamed = 20;

    /// <summary>Writes them.</summary>
    /// <param name="runId">What is gone on with when it is given again.</param>
    /// <param name="target">Whom, and where to.</param>
    /// <param name="from">Received at this time or later; everything that the journal still has when null.</param>
    /// <param name="upTo">Received at this time or earlier; everything when null.</param>
    /// <param name="cancellationToken">Interrupts it.</param>
    /// <returns>What this run has done; what an interrupted one had is not counted again.</returns>
    /// <exception cref="FenceRefusedException">The tenant is there at another epoch, fenced, or unknown.</exception>
    public async Task<JournalReplayed> RunAsync(
        Guid runId, JoinedTenant target, DateTimeOffset? from, DateTimeOffset? upTo, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        var tally = new Tally();
        var waiting = new List<PointBatch>();
        JournalPlace? reached = null;
        await foreach (var part in journal.ReadAsync(
            target.TenantId, from, upTo, await FindReachedAsync(runId, target, cancellationToken), cancellationToken))
        {
            if (part.Fault is not null)
            {
                tally.Add(part.Fault);
            }

            waiting.AddRange(part.Batches);
            reached = part.Place;
            if (waiting.Sum(batch => batch.Count) >= MessagesPerTransaction)
            {
                await WriteAsync(runId, target, waiting, reached, tally, cancellationToken);
                waiting.Clear();
                reached = null;
            }
        }

        if (reached is not null)
        {
            await WriteAsync(runId, target, waiting, reached, tally, cancellationToken);
        }

        LogReplayed(logger, target.TenantId, tally.Batches, tally.Faults);
        return tally.ToReport();
    }

    private static string Mark(Guid runId) => $"journal/{runId:n}/";

    private async Task<JournalPlace?> FindReachedAsync(Guid runId, JoinedTenant target, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(target.Database, cancellationToken);
        var found = await connection.Sql(
            "SELECT chunk FROM fleet.arrived_chunks WHERE customer_id = $1 AND starts_with(chunk, $2)",
            target.TenantId, Mark(runId))
            .FirstAsync(row => row.GetString(0), cancellationToken);
        return found is null ? null : JournalPlace.Parse(found[Mark(runId).Length..]);
    }

    private async Task WriteAsync(
        Guid runId,
        JoinedTenant target,
        List<PointBatch> batches,
        JournalPlace reached,
        Tally tally,
        CancellationToken cancellationToken)
    {
        await WriteOrDivideAsync(target, batches, tally, cancellationToken);
        await using var connection = await connections.OpenAsync(target.Database, cancellationToken);
        await connection.Sql(
            """
            WITH last AS (
                DELETE FROM fleet.arrived_chunks WHERE customer_id = $1 AND starts_with(chunk, $2) AND chunk <> $2 || $3)
            INSERT INTO fleet.arrived_chunks (customer_id, chunk) VALUES ($1, $2 || $3) ON CONFLICT DO NOTHING
            """,
            target.TenantId, Mark(runId), reached.ToString()).RunAsync(cancellationToken);
    }

    // What the database refuses was refused when it came, and is a dead letter: it must not keep the others out.
    private async Task WriteOrDivideAsync(
        JoinedTenant target, List<PointBatch> batches, Tally tally, CancellationToken cancellationToken)
    {
        try
        {
            tally.Added += await WriteAsync(target, batches, cancellationToken);
            batches.ForEach(tally.Add);
        }
        catch (PostgresException refused) when (refused.SqlState is ['2', '2' or '3', ..])
        {
            if (batches is [var only])
            {
                tally.Add(
                    $"A batch of device {only.DeviceId}, received at {only.ReceivedAt:O}, is refused: {refused.MessageText}");
                return;
            }

            var half = batches.Count / 2;
            await WriteOrDivideAsync(target, batches.GetRange(0, half), tally, cancellationToken);
            await WriteOrDivideAsync(target, batches.GetRange(half, batches.Count - half), tally, cancellationToken);
        }
    }

    private async Task<int> WriteAsync(JoinedTenant target, List<PointBatch> batches, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenAsync(target.Database, cancellationToken);
        foreach (var day in batches.SelectMany(batch => batch.Points)
            .Select(point => DateOnly.FromDateTime(point.Time.UtcDateTime))
            .Distinct())
        {
            // In a transaction of its own, so that nobody waits for the rows.
            await connection.Sql("SELECT fleet.ensure_partition($1)", day).RunAsync(cancellationToken);
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await AwayTenant.JoinAsync(transaction, target.TenantId, target.Epoch, cancellationToken);
        await WriteTrackersAsync(transaction, target.TenantId, batches, cancellationToken);
        var added = await WritePointsAsync(transaction, target.TenantId, batches, cancellationToken);
        await WriteHeartbeatsAsync(transaction, target.TenantId, batches, cancellationToken);
        await WriteQuarantineAsync(transaction, target.TenantId, batches, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return added;
    }

    private static async Task WriteTrackersAsync(
        NpgsqlTransaction transaction, Guid tenantId, List<PointBatch> batches, CancellationToken cancellationToken)
    {
        var trackers = batches.Where(batch => batch.Tracker is not null).DistinctBy(batch => batch.DeviceId).ToArray();
        if (trackers.Length > 0)
        {
            await transaction.Sql(
                """
                INSERT INTO fleet.devices (customer_id, device_id, name, gateway_id, ident)
                SELECT $1, device_id, ident, gateway_id, ident
                FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS t (device_id, gateway_id, ident)
                ORDER BY device_id
                ON CONFLICT DO NOTHING
                """,
                tenantId,
                Array.ConvertAll(trackers, batch => batch.DeviceId),
                Array.ConvertAll(trackers, batch => batch.Tracker!.GatewayId),
                Array.ConvertAll(trackers, batch => batch.Tracker!.Ident)).RunAsync(cancellationToken);
        }
    }

    private static async Task<int> WritePointsAsync(
        NpgsqlTransaction transaction, Guid tenantId, List<PointBatch> batches, CancellationToken cancellationToken)
    {
        await transaction.Sql(
            """
            CREATE TEMP TABLE replayed (
                device_id uuid, fix_time timestamptz, lon float8, lat float8, altitude real, speed real, course real,
                accuracy real, battery real, received_at timestamptz, extras text) ON COMMIT DROP
            """).RunAsync(cancellationToken);
        await using (var rows = await transaction.Connection!.BeginBinaryImportAsync(
            "COPY replayed FROM STDIN (FORMAT binary)", cancellationToken))
        {
            foreach (var batch in batches)
            {
                foreach (var point in batch.Points)
                {
                    await rows.StartRowAsync(cancellationToken);
                    await rows.WriteAsync(batch.DeviceId, NpgsqlDbType.Uuid, cancellationToken);
                    await rows.WriteAsync(point.Time.UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
                    await rows.WriteAsync(point.Longitude, NpgsqlDbType.Double, cancellationToken);
                    await rows.WriteAsync(point.Latitude, NpgsqlDbType.Double, cancellationToken);
                    await WriteAsync(rows, point.AltitudeM, cancellationToken);
                    await WriteAsync(rows, point.SpeedMps, cancellationToken);
                    await WriteAsync(rows, point.CourseDegrees, cancellationToken);
                    await WriteAsync(rows, point.AccuracyM, cancellationToken);
                    await WriteAsync(rows, point.BatteryPercent, cancellationToken);
                    await rows.WriteAsync(batch.ReceivedAt.UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
                    await (point.Extras is null
                        ? rows.WriteNullAsync(cancellationToken)
                        : rows.WriteAsync(point.Extras, NpgsqlDbType.Text, cancellationToken));
                }
            }

            await rows.CompleteAsync(cancellationToken);
        }

        // As fleet.ingest_points does. Of points of one device and time, the one that was received first stays.
        return await transaction.Sql(
            $"""
            WITH incoming AS MATERIALIZED (
                SELECT '{tenantId}'::uuid AS customer_id, device_id, fix_time,
                       ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS position,
                       altitude, speed, course, accuracy, battery, received_at, extras::jsonb AS extras
                FROM replayed
            ), latest AS (
                INSERT INTO fleet.positions AS known
                SELECT DISTINCT ON (device_id) * FROM incoming ORDER BY device_id, fix_time DESC, received_at
                ON CONFLICT (customer_id, device_id) DO UPDATE SET
                    fix_time = excluded.fix_time, position = excluded.position, altitude = excluded.altitude,
                    speed = excluded.speed, course = excluded.course, accuracy = excluded.accuracy,
                    battery = excluded.battery, received_at = excluded.received_at, extras = excluded.extras
                WHERE excluded.fix_time > known.fix_time
            )
            INSERT INTO fleet.points (
                customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras)
            SELECT * FROM incoming ORDER BY device_id, fix_time, received_at ON CONFLICT DO NOTHING
            """).RunAsync(cancellationToken);
    }

    private static Task WriteAsync(NpgsqlBinaryImporter rows, double? value, CancellationToken cancellationToken) =>
        value is { } single ? rows.WriteAsync((float)single, NpgsqlDbType.Real, cancellationToken)
        : rows.WriteNullAsync(cancellationToken);

    // An older sign of life may be the last one that told the battery's charge.
    private static async Task WriteHeartbeatsAsync(
        NpgsqlTransaction transaction, Guid tenantId, List<PointBatch> batches, CancellationToken cancellationToken)
    {
        var heard = (from batch in batches from heartbeat in batch.Heartbeats select (batch.DeviceId, heartbeat)).ToArray();
        if (heard.Length > 0)
        {
            await transaction.Sql(
                """
                INSERT INTO fleet.heartbeats AS known (customer_id, device_id, heard_at, battery)
                SELECT $1, device_id, max(heard_at),
                       (array_agg(battery ORDER BY heard_at DESC) FILTER (WHERE battery IS NOT NULL))[1]
                FROM unnest($2::uuid[], $3::timestamptz[], $4::real[]) AS h (device_id, heard_at, battery) GROUP BY device_id
                ON CONFLICT (customer_id, device_id) DO UPDATE SET
                    heard_at = greatest(known.heard_at, excluded.heard_at),
                    battery = CASE WHEN excluded.heard_at > known.heard_at THEN coalesce(excluded.battery, known.battery)
                                   ELSE coalesce(known.battery, excluded.battery) END
                """,
                tenantId,
                Array.ConvertAll(heard, row => row.DeviceId),
                Array.ConvertAll(heard, row => row.heartbeat.Time.UtcDateTime),
                Array.ConvertAll(heard, row => (float?)row.heartbeat.BatteryPercent)).RunAsync(cancellationToken);
        }
    }

    private static async Task WriteQuarantineAsync(
        NpgsqlTransaction transaction, Guid tenantId, List<PointBatch> batches, CancellationToken cancellationToken)
    {
        var kept = (from batch in batches from quarantined in batch.Quarantined select (batch, quarantined)).ToArray();
        if (kept.Length > 0)
        {
            await transaction.Sql(
                """
                INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw, ident)
                SELECT $1, device_id, received_at, sha256(convert_to(raw, 'UTF8')), reason, protocol, raw, ident
                FROM unnest($2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[])
                     AS q (device_id, received_at, reason, protocol, raw, ident)
                ON CONFLICT DO NOTHING
                """,
                tenantId,
                Array.ConvertAll(kept, row => row.batch.DeviceId),
                Array.ConvertAll(kept, row => row.batch.ReceivedAt.UtcDateTime),
                Array.ConvertAll(kept, row => WireName.Of(row.quarantined.Reason)),
                Array.ConvertAll(kept, row => WireName.Of(row.batch.Protocol)),
                Array.ConvertAll(kept, row => row.quarantined.Raw),
                Array.ConvertAll(kept, row => row.quarantined.DeviceHint)).RunAsync(cancellationToken);
        }
    }

    [LoggerMessage(750, LogLevel.Information,
        "Tenant {TenantId}: {Batches} batches of the journal were written; {Faults} parts could not be.")]
    private static partial void LogReplayed(ILogger logger, Guid tenantId, long batches, int faults);

    private sealed class Tally
    {
        private readonly List<string> _faults = [];
        private DateTimeOffset? _oldest;
        private DateTimeOffset? _newest;
        private long _points;
        private long _heartbeats;
        private long _quarantined;

        public long Batches { get; private set; }

        public int Faults { get; private set; }

        public long Added { get; set; }

        public void Add(PointBatch batch)
        {
            Batches++;
            _points += batch.Points.Count;
            _heartbeats += batch.Heartbeats.Count;
            _quarantined += batch.Quarantined.Count;
            _oldest = _oldest < batch.ReceivedAt ? _oldest : batch.ReceivedAt;
            _newest = _newest > batch.ReceivedAt ? _newest : batch.ReceivedAt;
        }

        public void Add(string fault)
        {
            if (++Faults <= FaultsNamed)
            {
                _faults.Add(fault);
            }
        }

        public JournalReplayed ToReport() => new(Batches, _points, Added, _heartbeats, _quarantined, _oldest, _newest, Faults, _faults);
    }
}

/// <summary>What was written of a journal.</summary>
/// <param name="Batches">Batches, or parts of large ones.</param>
/// <param name="Points">Points in them; those that were there already are counted as well.</param>
/// <param name="Added">Of these, points that were not there.</param>
/// <param name="Heartbeats">Signs of life in them.</param>
/// <param name="Quarantined">Messages for the quarantine in them.</param>
/// <param name="Oldest">When the oldest was received, UTC.</param>
/// <param name="Newest">When the newest was received, UTC.</param>
/// <param name="FaultCount">Blobs that cannot be read, and batches that the database refuses.</param>
/// <param name="Faults">The first of them, a sentence each.</param>
public sealed record JournalReplayed(
    long Batches,
    long Points,
    long Added,
    long Heartbeats,
    long Quarantined,
    DateTimeOffset? Oldest,
    DateTimeOffset? Newest,
    int FaultCount,
    IReadOnlyList<string> Faults);
