using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Npgsql;
using WebHost.Local.DurableTask.History;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>
/// A group of requests as one transaction: first the leases are checked and given back, then ids are claimed, and what
/// remains valid is written.
/// </summary>
internal sealed class HubTransaction(
    HubDatabase database, Guid worker, long number, IReadOnlyList<CommitRequest> requests)
{
    private readonly string _hub = database.Hub;
    private readonly List<TakeStep> _steps = [];
    private readonly List<CreateInstance> _creations = [];
    private readonly List<FinishActivity> _activities = [];
    private readonly List<OutgoingMessage> _messages = [];
    private readonly HashSet<CommitRequest> _refused = [];

    /// <summary>Whether COMMIT was sent, so that it may have happened though no answer came.</summary>
    public bool MayBeCommitted { get; private set; }

    /// <summary>Orchestrations whose status has changed: somebody may wait for that.</summary>
    public IReadOnlyList<string> ChangedInstances { get; private set; } = [];

    public bool SentMessages { get; private set; }

    /// <summary>Whether there are activities now that any process may take.</summary>
    public bool OfferedActivities { get; private set; }

    public void Complete()
    {
        foreach (var request in requests)
        {
            request.Complete(!_refused.Contains(request));
        }
    }

    public async Task RunAsync(NpgsqlConnection connection)
    {
        Sort();
        await using var transaction = await connection.BeginTransactionAsync();
        if (_steps.Count > 0)
        {
            await GiveBackLeasesAsync(connection);
        }

        await ClaimIdsAsync(connection);
        await WriteAsync(connection);
        MayBeCommitted = true;
        await transaction.CommitAsync();
    }

    private void Sort()
    {
        foreach (var request in requests)
        {
            switch (request)
            {
                case TakeStep step:
                    _steps.Add(step);
                    break;
                case CreateInstance creation:
                    _creations.Add(creation);
                    break;
                case FinishActivity activity:
                    _activities.Add(activity);
                    break;
                case SendMessage send:
                    _messages.Add(send.Message);
                    break;
                default:
                    throw new InvalidOperationException($"{request} cannot be committed.");
            }
        }
    }

    private async Task GiveBackLeasesAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection);
        var taken = _steps.FindAll(step => step.Outcome is not null);
        if (taken.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                UPDATE {_hub}.instances i SET
                    owner = NULL, leased_until = NULL, execution_id = u.execution_id, status = u.status, updated_at = u.at,
                    finished_at = u.finished_at, steps = u.steps, output = u.output, custom_status = u.custom_status,
                    failure = u.failure, input = CASE WHEN u.continues THEN u.input ELSE i.input END
                FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS u (
                    instance_id, lease, execution_id, status, at, finished_at, steps, output, custom_status, failure,
                    continues, input)
                WHERE i.instance_id = u.instance_id AND i.owner = $13 AND i.lease = u.lease
                RETURNING i.instance_id
                """,
                Sql.Column(taken, step => step.Instance.InstanceId),
                Sql.Column(taken, step => step.Instance.Lease),
                Sql.Column(taken, step => step.NextExecutionId),
                Sql.Column(taken, step => (short)step.Outcome!.Status),
                Sql.Column(taken, step => step.At),
                Sql.Column(taken, step => step.Outcome!.IsFinished ? step.At : (DateTime?)null),
                Sql.Column(taken, step => step.Outcome!.Next is null ? step.Instance.Steps + 1 : 0),
                Sql.Column(taken, step => step.Outcome!.Output),
                Sql.Column(taken, step => step.Outcome!.CustomStatus),
                Sql.Column(taken, step => step.Outcome!.Failure is { } failure ? HistoryJson.Write(failure) : null),
                Sql.Column(taken, step => step.Outcome!.Next is not null),
                Sql.Column(taken, step => step.Outcome!.Next?.Input),
                Sql.Value(worker)));
        }

        var idle = _steps.FindAll(step => step.Outcome is null);
        if (idle.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                UPDATE {_hub}.instances i SET owner = NULL, leased_until = NULL
                FROM unnest($1, $2) AS u (instance_id, lease)
                WHERE i.instance_id = u.instance_id AND i.owner = $3 AND i.lease = u.lease
                RETURNING i.instance_id
                """,
                Sql.Column(idle, step => step.Instance.InstanceId),
                Sql.Column(idle, step => step.Instance.Lease),
                Sql.Value(worker)));
        }

        var held = new HashSet<string>();
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            do
            {
                while (await reader.ReadAsync())
                {
                    held.Add(reader.GetString(0));
                }
            }
            while (await reader.NextResultAsync());
        }

        _refused.UnionWith(_steps.Where(step => !held.Contains(step.Instance.InstanceId)));
        _steps.RemoveAll(_refused.Contains);
    }

    private async Task ClaimIdsAsync(NpgsqlConnection connection)
    {
        var wanted = _creations.Select(creation => creation.Instance)
            .Concat(_steps.SelectMany(step => step.Children).Select(child => child.Instance))
            .OrderBy(instance => instance.InstanceId, StringComparer.Ordinal) // two processes wait for each other in one order
            .ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        var created = new HashSet<Guid>();
        var replaced = new List<string>();
        foreach (var group in GroupForInsert(wanted))
        {
            await using var batch = new NpgsqlBatch(connection);
            batch.BatchCommands.Add(CreationStatement(group));
            await using var reader = await batch.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                created.Add(reader.GetGuid(0));
                if (reader.GetBoolean(1))
                {
                    replaced.Add(reader.GetString(2));
                }
            }
        }

        if (replaced.Count > 0)
        {
            await ForgetAsync(connection, replaced);
        }

        foreach (var instance in wanted.Where(instance => created.Contains(instance.CreationId)))
        {
            var isLater = instance.StartAt > instance.CreatedAt;
            _messages.Add(new(instance.InstanceId, instance.CreationId, new ExecutionStarted(), instance.StartAt, isLater));
        }

        _refused.UnionWith(_creations.Where(creation => !created.Contains(creation.Instance.CreationId)));
        foreach (var step in _steps)
        {
            foreach (var (instance, caller) in step.Children.Where(child => !created.Contains(child.Instance.CreationId)))
            {
                var failure = TaskFailureDetails.FromException(new global::DurableTask.Core.Exceptions
                    .OrchestrationAlreadyExistsException($"An orchestration with the id '{instance.InstanceId}' already runs."));
                _messages.Add(new(caller.InstanceId, caller.ExecutionId, new TaskFailed(caller.TaskId, failure), step.At));
            }
        }
    }

    // One INSERT cannot meet the same id twice, nor two ideas of what may be replaced: such ones follow one another.
    private static IEnumerable<List<NewInstance>> GroupForInsert(List<NewInstance> wanted)
    {
        while (wanted.Count > 0)
        {
            var first = wanted[0];
            var ids = new HashSet<string>();
            var group = wanted
                .Where(instance => instance.Replaceable.SequenceEqual(first.Replaceable) && ids.Add(instance.InstanceId))
                .ToList();
            yield return group;
            wanted = [.. wanted.Except(group, ReferenceEqualityComparer.Instance).Cast<NewInstance>()];
        }
    }

    private NpgsqlBatchCommand CreationStatement(List<NewInstance> group) => Sql.Statement(
        $"""
        INSERT INTO {_hub}.instances AS i (
            instance_id, creation_id, execution_id, name, input, status, created_at, updated_at,
            parent_id, parent_execution_id, parent_task_id, parent_name)
        SELECT u.instance_id, u.creation_id, u.creation_id, u.name, u.input, {(int)OrchestrationRuntimeStatus.Pending},
            u.created_at, u.created_at, u.parent_id, u.parent_execution_id, u.parent_task_id, u.parent_name
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) WITH ORDINALITY AS u (
            instance_id, creation_id, name, input, created_at, parent_id, parent_execution_id, parent_task_id, parent_name,
            position)
        ORDER BY u.position
        ON CONFLICT (instance_id) DO UPDATE SET
            creation_id = excluded.creation_id, execution_id = excluded.execution_id, name = excluded.name,
            input = excluded.input, status = excluded.status, created_at = excluded.created_at,
            updated_at = excluded.updated_at, parent_id = excluded.parent_id,
            parent_execution_id = excluded.parent_execution_id, parent_task_id = excluded.parent_task_id,
            parent_name = excluded.parent_name, steps = 0, output = NULL, custom_status = NULL, failure = NULL,
            finished_at = NULL, owner = NULL, leased_until = NULL, lease = i.lease + 1
        WHERE i.status = ANY ($10)
        RETURNING i.creation_id, i.lease > 0, i.instance_id
        """,
        Sql.Column(group, instance => instance.InstanceId),
        Sql.Column(group, instance => instance.CreationId),
        Sql.Column(group, instance => instance.Name),
        Sql.Column(group, instance => instance.Input),
        Sql.Column(group, instance => instance.CreatedAt),
        Sql.Column(group, instance => instance.Parent?.Key.InstanceId),
        Sql.Column(group, instance => instance.Parent?.Key.ExecutionId),
        Sql.Column(group, instance => instance.Parent?.Key.TaskId),
        Sql.Column(group, instance => instance.Parent?.Name),
        Sql.Column(group[0].Replaceable, status => (short)status));

    private async Task ForgetAsync(NpgsqlConnection connection, List<string> replaced)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var table in new[] { "history", "inbox", "activities" })
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"DELETE FROM {_hub}.{table} WHERE instance_id = ANY ($1)", Sql.Column(replaced, id => id)));
        }

        await batch.ExecuteNonQueryAsync();
    }

    private async Task WriteAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection);
        AddHistory(batch);
        AddConsumption(batch);
        AddActivities(batch);
        AddMessages(batch);
        AddNotification(batch);
        batch.BatchCommands.Add(Sql.Statement(
            $"""
            INSERT INTO {_hub}.commits (worker, number, committed_at) VALUES ($1, $2, clock_timestamp())
            ON CONFLICT (worker) DO UPDATE SET number = excluded.number, committed_at = excluded.committed_at
            """,
            Sql.Value(worker),
            Sql.Value(number)));
        await batch.ExecuteNonQueryAsync();
    }

    private void AddHistory(NpgsqlBatch batch)
    {
        var kept = _steps.FindAll(step => step.Body is not null && step.Outcome!.Next is null);
        if (kept.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"INSERT INTO {_hub}.history (instance_id, execution_id, step, body) SELECT * FROM unnest($1, $2, $3, $4)",
                Sql.Column(kept, step => step.Instance.InstanceId),
                Sql.Column(kept, step => step.Instance.ExecutionId),
                Sql.Column(kept, step => step.Instance.Steps),
                Sql.Column(kept, step => step.Body)));
        }

        var continued = _steps.FindAll(step => step.Outcome?.Next is not null);
        if (continued.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                DELETE FROM {_hub}.history h USING unnest($1, $2) AS u (instance_id, execution_id)
                WHERE h.instance_id = u.instance_id AND h.execution_id = u.execution_id
                """,
                Sql.Column(continued, step => step.Instance.InstanceId),
                Sql.Column(continued, step => step.Instance.ExecutionId)));
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                DELETE FROM {_hub}.inbox m USING unnest($1, $2) AS u (instance_id, execution_id)
                WHERE m.instance_id = u.instance_id AND m.execution_id = u.execution_id
                """,
                Sql.Column(continued, step => step.Instance.InstanceId),
                Sql.Column(continued, step => step.Instance.ExecutionId)));
        }
    }

    private void AddConsumption(NpgsqlBatch batch)
    {
        var consumed = _steps
            .SelectMany(step => step.Instance.Messages, (step, message) => (step.Instance.InstanceId, message.Id))
            .ToList();
        if (consumed.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                DELETE FROM {_hub}.inbox m USING unnest($1, $2) AS u (instance_id, id)
                WHERE m.instance_id = u.instance_id AND m.id = u.id
                """,
                Sql.Column(consumed, message => message.InstanceId),
                Sql.Column(consumed, message => message.Id)));
        }

        var cancelled = _steps
            .SelectMany(
                step => step.CancelledTimers,
                (step, timer) => new TaskKey(step.Instance.InstanceId, step.Instance.ExecutionId, timer))
            .ToList();
        if (cancelled.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                DELETE FROM {_hub}.inbox m USING unnest($1, $2, $3) AS u (instance_id, execution_id, timer_id)
                WHERE m.instance_id = u.instance_id AND m.execution_id = u.execution_id AND m.timer_id = u.timer_id
                """,
                Sql.Column(cancelled, key => key.InstanceId),
                Sql.Column(cancelled, key => key.ExecutionId),
                Sql.Column(cancelled, key => key.TaskId)));
        }

        var finished = _steps.FindAll(step => step.Outcome is { IsFinished: true });
        if (finished.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                $"DELETE FROM {_hub}.inbox WHERE instance_id = ANY ($1)",
                Sql.Column(finished, step => step.Instance.InstanceId)));
        }

        foreach (var step in finished.Where(step => step.Outcome!.TerminateChildren))
        {
            SentMessages = true;
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                INSERT INTO {_hub}.inbox (instance_id, due_at, body)
                SELECT instance_id, $2, $3 FROM {_hub}.instances WHERE parent_id = $1 AND NOT status = ANY ($4)
                """,
                Sql.Value(step.Instance.InstanceId),
                Sql.Value(step.At),
                Sql.Value(HistoryJson.Write(new ExecutionTerminated(step.Outcome!.Output, Recursive: true))),
                Sql.Column(NewInstance.FinishedStates, status => (short)status)));
        }
    }

    private void AddActivities(NpgsqlBatch batch)
    {
        var called = _steps.SelectMany(step => step.Activities, (step, activity) => (step.At, Activity: activity)).ToList();
        if (called.Count > 0)
        {
            OfferedActivities = called.Exists(call => call.Activity.Lease == 0);
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                INSERT INTO {_hub}.activities (instance_id, execution_id, task_id, name, input, lease, owner, available_at)
                SELECT u.instance_id, u.execution_id, u.task_id, u.name, u.input, u.lease,
                    CASE WHEN u.lease > 0 THEN $7 END,
                    CASE WHEN u.lease > 0 THEN clock_timestamp() + $8 ELSE clock_timestamp() END
                FROM unnest($1, $2, $3, $4, $5, $6) AS u (instance_id, execution_id, task_id, name, input, lease)
                """,
                Sql.Column(called, call => call.Activity.Key.InstanceId),
                Sql.Column(called, call => call.Activity.Key.ExecutionId),
                Sql.Column(called, call => call.Activity.Key.TaskId),
                Sql.Column(called, call => call.Activity.Name),
                Sql.Column(called, call => call.Activity.Input),
                Sql.Column(called, call => call.Activity.Lease),
                Sql.Value(worker),
                Sql.Value(database.LeaseDuration)));
        }

        if (_activities.Count > 0)
        {
            SentMessages = true;
            batch.BatchCommands.Add(Sql.Statement(
                $"""
                WITH done AS (
                    DELETE FROM {_hub}.activities a
                    USING unnest($1, $2, $3, $4, $5, $6) AS u (instance_id, execution_id, task_id, lease, at, body)
                    WHERE a.instance_id = u.instance_id AND a.execution_id = u.execution_id AND a.task_id = u.task_id
                        AND a.owner = $7 AND a.lease = u.lease
                    RETURNING u.instance_id, u.execution_id, u.at, u.body)
                INSERT INTO {_hub}.inbox (instance_id, execution_id, due_at, body)
                SELECT instance_id, execution_id, at, body FROM done
                """,
                Sql.Column(_activities, activity => activity.Key.InstanceId),
                Sql.Column(_activities, activity => activity.Key.ExecutionId),
                Sql.Column(_activities, activity => activity.Key.TaskId),
                Sql.Column(_activities, activity => activity.Lease),
                Sql.Column(_activities, activity => activity.At),
                Sql.Column(_activities, activity => HistoryJson.Write(activity.Outcome)),
                Sql.Value(worker)));
        }
    }

    private void AddMessages(NpgsqlBatch batch)
    {
        _messages.AddRange(_steps.SelectMany(step => step.Messages));
        if (_messages.Count == 0)
        {
            return;
        }

        SentMessages = true;
        batch.BatchCommands.Add(Sql.Statement(
            $"""
            INSERT INTO {_hub}.inbox (instance_id, execution_id, timer_id, due_at, is_timed, body)
            SELECT u.instance_id, u.execution_id, u.timer_id, u.due_at, u.is_timed, u.body
            FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY AS u (
                instance_id, execution_id, timer_id, due_at, is_timed, body, position)
            ORDER BY u.position
            """,
            Sql.Column(_messages, message => message.InstanceId),
            Sql.Column(_messages, message => message.ExecutionId),
            Sql.Column(_messages, message => message.TimerId),
            Sql.Column(_messages, message => message.DueAt),
            Sql.Column(_messages, message => message.IsTimed),
            Sql.Column(_messages, message => HistoryJson.Write(message.Event))));
    }

    private void AddNotification(NpgsqlBatch batch)
    {
        ChangedInstances =
        [
            .. _steps
                .Where(step => step.Outcome is { } outcome && outcome.Status != step.Instance.Status)
                .Select(step => step.Instance.InstanceId),
        ];
        if (SentMessages || OfferedActivities || ChangedInstances.Count > 0)
        {
            batch.BatchCommands.Add(Sql.Statement(
                "SELECT pg_notify($1, $2)",
                Sql.Value(database.Channel),
                Sql.Value(HubNotification.Write(worker, ChangedInstances))));
        }
    }
}
