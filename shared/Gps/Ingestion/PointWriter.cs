using Npgsql;
using NpgsqlTypes;
using WebHost.Json;
using WebHost.Placement;

namespace WebHost.Gps.Ingestion;

/// <summary>Writes batches of many tenants into the database they share: one round trip, one transaction, each tenant at its epoch.</summary>
public sealed class PointWriter(TenantConnections connections)
{
    /// <summary>Writes the batches. Repeating it changes nothing.</summary>
    /// <returns>The tenants that were admitted. Nothing of the others was written: they have moved or take no writes.</returns>
    public async Task<IReadOnlySet<Guid>> WriteAsync(
        Guid databaseId, IReadOnlyList<PlacedBatch> batches, CancellationToken cancellationToken)
    {
        var pool = await connections.ForIngestAsync(databaseId);
        await using var connection = await pool.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var commands = new NpgsqlBatch(connection, transaction);

        // Always in the same order, so that two writers of the same tenants wait for each other instead of deadlocking.
        var served = batches.Select(b => b.Placement).DistinctBy(p => p.TenantId).OrderBy(p => p.TenantId).ToArray();
        commands.BatchCommands.Add(Points(served, batches));
        if (batches.Any(b => b.Batch.Heartbeats.Count > 0))
        {
            commands.BatchCommands.Add(Heartbeats(served, batches));
        }

        if (batches.Any(b => b.Batch.Quarantined.Count > 0))
        {
            commands.BatchCommands.Add(Quarantined(served, batches));
        }

        HashSet<Guid>? admitted = null;
        await using (var reader = await commands.ExecuteReaderAsync(cancellationToken))
        {
            do
            {
                await reader.ReadAsync(cancellationToken);
                admitted ??= [.. reader.GetFieldValue<Guid[]>(0)];
            }
            while (await reader.NextResultAsync(cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return admitted!;
    }

    private static NpgsqlBatchCommand Points(TenantPlacement[] served, IReadOnlyList<PlacedBatch> batches)
    {
        var rows = (from b in batches from point in b.Batch.Points select (b.Batch, Point: point)).ToArray();
        return Call(
            "SELECT fleet.ingest_points($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            served,
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.TenantId),
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.DeviceId),
            Array(NpgsqlDbType.TimestampTz, rows, r => r.Point.Time.UtcDateTime),
            Array(NpgsqlDbType.Double, rows, r => r.Point.Longitude),
            Array(NpgsqlDbType.Double, rows, r => r.Point.Latitude),
            Array(NpgsqlDbType.Real, rows, r => (float?)r.Point.AltitudeM),
            Array(NpgsqlDbType.Real, rows, r => (float?)r.Point.SpeedMps),
            Array(NpgsqlDbType.Real, rows, r => (float?)r.Point.CourseDegrees),
            Array(NpgsqlDbType.Real, rows, r => (float?)r.Point.AccuracyM),
            Array(NpgsqlDbType.Real, rows, r => (float?)r.Point.BatteryPercent),
            Array(NpgsqlDbType.TimestampTz, rows, r => r.Batch.ReceivedAt.UtcDateTime),
            Array(NpgsqlDbType.Text, rows, r => r.Point.Extras));
    }

    private static NpgsqlBatchCommand Heartbeats(TenantPlacement[] served, IReadOnlyList<PlacedBatch> batches)
    {
        var rows = (from b in batches from heartbeat in b.Batch.Heartbeats select (b.Batch, Heartbeat: heartbeat)).ToArray();
        return Call(
            "SELECT fleet.ingest_heartbeats($1, $2, $3, $4, $5, $6)",
            served,
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.TenantId),
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.DeviceId),
            Array(NpgsqlDbType.TimestampTz, rows, r => r.Heartbeat.Time.UtcDateTime),
            Array(NpgsqlDbType.Real, rows, r => (float?)r.Heartbeat.BatteryPercent));
    }

    private static NpgsqlBatchCommand Quarantined(TenantPlacement[] served, IReadOnlyList<PlacedBatch> batches)
    {
        var rows = (from b in batches from quarantined in b.Batch.Quarantined select (b.Batch, Quarantined: quarantined)).ToArray();
        return Call(
            "SELECT fleet.ingest_quarantine($1, $2, $3, $4, $5, $6, $7, $8)",
            served,
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.TenantId),
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.DeviceId),
            Array(NpgsqlDbType.TimestampTz, rows, r => r.Batch.ReceivedAt.UtcDateTime),
            Array(NpgsqlDbType.Text, rows, r => WireName.Of(r.Quarantined.Reason)),
            Array(NpgsqlDbType.Text, rows, r => WireName.Of(r.Batch.Protocol)),
            Array(NpgsqlDbType.Text, rows, r => r.Quarantined.Raw));
    }

    private static NpgsqlBatchCommand Call(string sql, TenantPlacement[] served, params ReadOnlySpan<NpgsqlParameter> rows)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.Add(Array(NpgsqlDbType.Uuid, served, placement => placement.TenantId));
        command.Parameters.Add(Array(NpgsqlDbType.Bigint, served, placement => placement.Epoch));
        foreach (var parameter in rows)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static NpgsqlParameter Array<TRow, TValue>(NpgsqlDbType type, TRow[] rows, Func<TRow, TValue> field) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | type, Value = System.Array.ConvertAll(rows, row => field(row)) };
}
