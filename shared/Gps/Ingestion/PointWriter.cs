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
        if (batches.Any(b => b.Batch.Tracker is not null))
        {
            commands.BatchCommands.Add(Trackers(served, batches));
        }

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

    private static NpgsqlBatchCommand Trackers(TenantPlacement[] served, IReadOnlyList<PlacedBatch> batches)
    {
        var rows = batches.Select(b => b.Batch).Where(batch => batch.Tracker is not null)
            .DistinctBy(batch => (batch.TenantId, batch.DeviceId)).ToArray();
        return Call(
            "SELECT fleet.ingest_trackers($1, $2, $3, $4, $5, $6)",
            served,
            Array(NpgsqlDbType.Uuid, rows, r => r.TenantId),
            Array(NpgsqlDbType.Uuid, rows, r => r.DeviceId),
            Array(NpgsqlDbType.Uuid, rows, r => r.Tracker!.GatewayId),
            Array(NpgsqlDbType.Text, rows, r => r.Tracker!.Ident));
    }

    private static NpgsqlBatchCommand Points(TenantPlacement[] served, IReadOnlyList<PlacedBatch> batches)
    {
        var rows = new PointRows(batches.Sum(b => b.Batch.Points.Count));

        // In the order of the table's key, which spares the database most of its sorting.
        foreach (var device in batches.GroupBy(b => (b.Batch.TenantId, b.Batch.DeviceId)).OrderBy(device => device.Key))
        {
            foreach (var (batch, _) in device)
            {
                rows.Add(batch);
            }
        }

        return Call(
            "SELECT fleet.ingest_points($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            served,
            Array(NpgsqlDbType.Uuid, rows.Tenants),
            Array(NpgsqlDbType.Uuid, rows.Devices),
            Array(NpgsqlDbType.TimestampTz, rows.Times),
            Array(NpgsqlDbType.Double, rows.Longitudes),
            Array(NpgsqlDbType.Double, rows.Latitudes),
            Array(NpgsqlDbType.Real, rows.Altitudes),
            Array(NpgsqlDbType.Real, rows.Speeds),
            Array(NpgsqlDbType.Real, rows.Courses),
            Array(NpgsqlDbType.Real, rows.Accuracies),
            Array(NpgsqlDbType.Real, rows.Batteries),
            Array(NpgsqlDbType.TimestampTz, rows.Received),
            Array(NpgsqlDbType.Text, rows.Extras));
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
            "SELECT fleet.ingest_quarantine($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            served,
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.TenantId),
            Array(NpgsqlDbType.Uuid, rows, r => r.Batch.DeviceId),
            Array(NpgsqlDbType.TimestampTz, rows, r => r.Batch.ReceivedAt.UtcDateTime),
            Array(NpgsqlDbType.Text, rows, r => WireName.Of(r.Quarantined.Reason)),
            Array(NpgsqlDbType.Text, rows, r => WireName.Of(r.Batch.Protocol)),
            Array(NpgsqlDbType.Text, rows, r => r.Quarantined.Raw),
            Array(NpgsqlDbType.Text, rows, r => r.Quarantined.DeviceHint));
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
        Array(type, System.Array.ConvertAll(rows, row => field(row)));

    private static NpgsqlParameter<TValue[]> Array<TValue>(NpgsqlDbType type, TValue[] values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = values };

    /// <summary>Points column by column, as the database takes them.</summary>
    private sealed class PointRows(int count)
    {
        private int _next;

        public Guid[] Tenants { get; } = new Guid[count];

        public Guid[] Devices { get; } = new Guid[count];

        public DateTime[] Times { get; } = new DateTime[count];

        public double[] Longitudes { get; } = new double[count];

        public double[] Latitudes { get; } = new double[count];

        public float?[] Altitudes { get; } = new float?[count];

        public float?[] Speeds { get; } = new float?[count];

        public float?[] Courses { get; } = new float?[count];

        public float?[] Accuracies { get; } = new float?[count];

        public float?[] Batteries { get; } = new float?[count];

        public DateTime[] Received { get; } = new DateTime[count];

        public string?[] Extras { get; } = new string?[count];

        public void Add(PointBatch batch)
        {
            var first = _next;
            foreach (var point in batch.Points)
            {
                Times[_next] = point.Time.UtcDateTime;
                Longitudes[_next] = point.Longitude;
                Latitudes[_next] = point.Latitude;
                Altitudes[_next] = (float?)point.AltitudeM;
                Speeds[_next] = (float?)point.SpeedMps;
                Courses[_next] = (float?)point.CourseDegrees;
                Accuracies[_next] = (float?)point.AccuracyM;
                Batteries[_next] = (float?)point.BatteryPercent;
                Extras[_next] = point.Extras;
                _next++;
            }

            System.Array.Fill(Tenants, batch.TenantId, first, _next - first);
            System.Array.Fill(Devices, batch.DeviceId, first, _next - first);
            System.Array.Fill(Received, batch.ReceivedAt.UtcDateTime, first, _next - first);
        }
    }
}
