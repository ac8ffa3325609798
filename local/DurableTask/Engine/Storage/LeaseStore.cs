using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Npgsql;
using WebHost.Local.DurableTask.History;
using WebHost.Local.DurableTask.Hosting;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>Takes work and keeps it: leases on orchestrations that have messages, and on activities.</summary>
internal sealed class LeaseStore(HubDatabase database, HubSignals signals)
{
    /// <summary>An orchestration with many messages appears once for each of them among the candidates for a lease.</summary>
    public const int CandidatesPerLease = 4;

    private readonly string _hub = database.Hub;

    /// <summary>
    /// Takes orchestrations that have messages. The history of those that <paramref name="isInMemory"/> is not read.
    /// </summary>
    public async Task<IReadOnlyList<LeasedInstance>> LeaseInstancesAsync(
        int count, DateTime now, Func<LeasedInstance, bool> isInMemory, CancellationToken cancellation)
    {
        await using var connection = await database.Relaxed.OpenConnectionAsync(cancellation);
        var leased = await LeaseInstancesAsync(connection, count, now, cancellation);
        if (leased.Count > 0)
        {
            await ReadAsync(connection, leased, now, isInMemory, cancellation);
        }

        return [.. leased.Values];
    }

    public async Task<IReadOnlyList<LeasedActivity>> LeaseActivitiesAsync(int count, CancellationToken cancellation)
    {
        await using var connection = await database.Relaxed.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Statement(
            $"""
            UPDATE {_hub}.activities a SET owner = $1, lease = a.lease + 1, available_at = clock_timestamp() + $2
            FROM (
                SELECT instance_id, execution_id, task_id FROM {_hub}.activities
                WHERE available_at <= clock_timestamp() ORDER BY available_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS t
            WHERE a.instance_id = t.instance_id AND a.execution_id = t.execution_id AND a.task_id = t.task_id
            RETURNING a.instance_id, a.execution_id, a.task_id, a.name, a.input, a.lease
            """,
            Sql.Value(signals.Worker),
            Sql.Value(database.LeaseDuration),
            Sql.Value(count)));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var leased = new List<LeasedActivity>();
        while (await reader.ReadAsync(cancellation))
        {
            leased.Add(new(
                new(reader.GetString(0), reader.GetGuid(1), reader.GetInt32(2)),
                reader.GetString(3),
                reader.IsDBNull(4) ? null : reader.GetString(4),
                reader.GetInt64(5)));
        }

        return leased;
    }

    /// <summary>When the next timer is due, if any is.</summary>
    public async Task<DateTime?> NextDueAsync(DateTime now, CancellationToken cancellation)
    {
        await using var command = database.Relaxed.CreateCommand(
            $"SELECT due_at FROM {_hub}.inbox WHERE due_at > $1 ORDER BY due_at LIMIT 1");
        command.Parameters.Add(Sql.Value(now));
        return await command.ExecuteScalarAsync(cancellation) as DateTime?;
    }

    /// <summary>Extends the leases of what this process is working on.</summary>
    public async Task RenewAsync(
        IReadOnlyList<LeasedInstance> instances, IReadOnlyList<LeasedActivity> activities, CancellationToken cancellation)
    {
        await using var connection = await database.Relaxed.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Statement(
            $"""
            UPDATE {_hub}.instances SET leased_until = clock_timestamp() + $4 WHERE instance_id IN (
                SELECT i.instance_id FROM {_hub}.instances i JOIN unnest($1, $2) AS u (instance_id, lease)
                    ON i.instance_id = u.instance_id AND i.lease = u.lease AND i.owner = $3
                FOR UPDATE OF i SKIP LOCKED)
            """,
            Sql.Column(instances, instance => instance.InstanceId),
            Sql.Column(instances, instance => instance.Lease),
            Sql.Value(signals.Worker),
            Sql.Value(database.LeaseDuration)));
        batch.BatchCommands.Add(Sql.Statement(
            $"""
            UPDATE {_hub}.activities SET available_at = clock_timestamp() + $6 WHERE (instance_id, execution_id, task_id) IN (
                SELECT a.instance_id, a.execution_id, a.task_id FROM {_hub}.activities a
                JOIN unnest($1, $2, $3, $4) AS u (instance_id, execution_id, task_id, lease)
                    ON a.instance_id = u.instance_id AND a.execution_id = u.execution_id AND a.task_id = u.task_id
                    AND a.lease = u.lease AND a.owner = $5
                FOR UPDATE OF a SKIP LOCKED)
            """,
            Sql.Column(activities, activity => activity.Key.InstanceId),
            Sql.Column(activities, activity => activity.Key.ExecutionId),
            Sql.Column(activities, activity => activity.Key.TaskId),
            Sql.Column(activities, activity => activity.Lease),
            Sql.Value(signals.Worker),
            Sql.Value(database.LeaseDuration)));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Gives back orchestrations leased by this process that it does not know of: the answer to the statement that took them
    /// was lost with its connection.
    /// </summary>
    public Task ReleaseUnknownInstancesAsync(IReadOnlyList<LeasedInstance> known, CancellationToken cancellation) =>
        ExecuteAsync(
            $"""
            UPDATE {_hub}.instances SET owner = NULL, leased_until = NULL
            WHERE owner = $1 AND leased_until IS NOT NULL AND NOT instance_id = ANY ($2)
            """,
            cancellation,
            Sql.Value(signals.Worker),
            Sql.Column(known, instance => instance.InstanceId));

    /// <summary>Gives back activities leased by this process that it does not know of.</summary>
    public Task ReleaseUnknownActivitiesAsync(IReadOnlyList<LeasedActivity> known, CancellationToken cancellation) =>
        ExecuteAsync(
            $"""
            UPDATE {_hub}.activities a SET owner = NULL, available_at = clock_timestamp()
            WHERE owner = $1 AND NOT EXISTS (
                SELECT FROM unnest($2, $3, $4) AS u (instance_id, execution_id, task_id)
                WHERE a.instance_id = u.instance_id AND a.execution_id = u.execution_id AND a.task_id = u.task_id)
            """,
            cancellation,
            Sql.Value(signals.Worker),
            Sql.Column(known, activity => activity.Key.InstanceId),
            Sql.Column(known, activity => activity.Key.ExecutionId),
            Sql.Column(known, activity => activity.Key.TaskId));

    private async Task ExecuteAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.Relaxed.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<Dictionary<string, LeasedInstance>> LeaseInstancesAsync(
        NpgsqlConnection connection, int count, DateTime now, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Statement(
            $"""
            WITH due AS MATERIALIZED (
                SELECT m.instance_id FROM {_hub}.inbox m JOIN {_hub}.instances i ON i.instance_id = m.instance_id
                WHERE m.due_at <= $1 AND (i.leased_until IS NULL OR i.leased_until < clock_timestamp())
                ORDER BY m.due_at LIMIT $2),
            taken AS MATERIALIZED (
                SELECT instance_id FROM {_hub}.instances
                WHERE instance_id IN (SELECT instance_id FROM due)
                    AND (leased_until IS NULL OR leased_until < clock_timestamp())
                LIMIT $3 FOR UPDATE SKIP LOCKED)
            UPDATE {_hub}.instances i
            SET owner = $4, lease = i.lease + 1, leased_until = clock_timestamp() + $5
            FROM taken WHERE i.instance_id = taken.instance_id
            RETURNING i.instance_id, i.execution_id, i.name, i.parent_name, i.parent_id, i.parent_execution_id,
                i.parent_task_id, i.status, i.steps, i.lease
            """,
            Sql.Value(now),
            Sql.Value(count * CandidatesPerLease),
            Sql.Value(count),
            Sql.Value(signals.Worker),
            Sql.Value(database.LeaseDuration)));
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var leased = new Dictionary<string, LeasedInstance>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            var hasParent = !reader.IsDBNull(4);
            var instance = new LeasedInstance(
                reader.GetString(0),
                reader.GetGuid(1),
                reader.GetString(2),
                hasParent ? new ParentOrchestrationInstance(reader.GetString(3), reader.GetString(4)) : null,
                hasParent ? reader.GetGuid(5) : null,
                hasParent ? reader.GetInt32(6) : null,
                (OrchestrationRuntimeStatus)reader.GetInt16(7),
                reader.GetInt32(8),
                reader.GetInt64(9));
            leased.Add(instance.InstanceId, instance);
        }

        return leased;
    }

    // A statement of its own: only a snapshot taken after the lease is sure not to show messages that the holder of the
    // lease before consumed.
    private async Task ReadAsync(
        NpgsqlConnection connection,
        Dictionary<string, LeasedInstance> leased,
        DateTime now,
        Func<LeasedInstance, bool> isInMemory,
        CancellationToken cancellation)
    {
        var all = leased.Values.ToList();
        var unknown = all.FindAll(instance => !instance.IsFinished && !isInMemory(instance));
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Sql.Statement(
            $"""
            SELECT instance_id, id, execution_id, body FROM {_hub}.inbox
            WHERE instance_id = ANY ($1) AND (due_at <= $2 OR NOT is_timed) ORDER BY id
            """,
            Sql.Column(all, instance => instance.InstanceId),
            Sql.Value(now)));
        if (unknown.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"SELECT instance_id, input FROM {_hub}.instances WHERE instance_id = ANY ($1)",
                Sql.Column(unknown, instance => instance.InstanceId)));
        }

        var begun = unknown.FindAll(instance => instance.Steps > 0);
        if (begun.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                SELECT h.instance_id, h.body FROM unnest($1, $2) AS u (instance_id, execution_id)
                JOIN {_hub}.history h ON h.instance_id = u.instance_id AND h.execution_id = u.execution_id
                ORDER BY h.instance_id, h.step
                """,
                Sql.Column(begun, instance => instance.InstanceId),
                Sql.Column(begun, instance => instance.ExecutionId)));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            leased[reader.GetString(0)].Messages.Add(new(
                reader.GetInt64(1),
                reader.IsDBNull(2) ? null : reader.GetGuid(2),
                HistoryJson.ReadEvent(reader.GetString(3))));
        }

        if (unknown.Count > 0)
        {
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                leased[reader.GetString(0)].Input = reader.IsDBNull(1) ? null : reader.GetString(1);
            }
        }

        if (begun.Count > 0)
        {
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                leased[reader.GetString(0)].History.Add(HistoryJson.ReadStep(reader.GetString(1)));
            }
        }
    }
}
