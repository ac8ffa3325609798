using System.Collections.Concurrent;
using System.Data;
using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Azure.Messaging.ServiceBus;

/// <summary>
/// Every statement on the message table. A queue is a value in a column, so that it needs no creation. The frequent ones
/// are prepared by hand: a statement that Npgsql is about to prepare by itself when the server refuses a parameter leaves
/// the connection out of step, and the next command on it fails.
/// </summary>
internal sealed class QueueStore : IAsyncDisposable
{
    private const int Attempts = 4;

    private const string Columns =
        "m.sequence_number, m.enqueued_at, m.scheduled_at, m.expires_at, m.locked_until, m.lock_token, m.delivery_count,"
        + " m.state, m.dead_letter, m.message_id, m.subject, m.content_type, m.correlation_id, m.properties::text, m.body";

    private const string Receivable =
        "m.queue = $1 AND m.dead_letter = $2 AND m.state = 0 AND (m.locked_until IS NULL OR m.locked_until <= now())"
        + " AND (m.expires_at IS NULL OR m.expires_at > now())";

    private const string MaxDeliveriesProperties =
        "jsonb_build_object('DeadLetterReason', 'MaxDeliveryCountExceeded', 'DeadLetterErrorDescription',"
        + " 'The message could not be consumed within the maximum number of deliveries.')";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BusyMaintenanceInterval = TimeSpan.FromMilliseconds(250);

    private readonly NpgsqlDataSource _durable;
    private readonly NpgsqlDataSource _relaxed;
    private readonly SemaphoreSlim _schemaLock = new(1);
    private readonly GroupCommit<OutgoingMessages, long> _sends;
    private readonly GroupCommit<LockedMessage, bool> _completions;
    private readonly GroupCommit<LockedMessage, DateTimeOffset?> _changes;
    private readonly ConcurrentDictionary<string, long> _maintained = new();
    private readonly QueueWake _wake;
    private volatile bool _schemaReady;

    internal QueueStore(string connectionString, QueueRules rules)
    {
        Rules = rules;

        // No statement here leaves anything behind in its session; clearing it would be seven more statements each time. What the
        // server knows of a queue's size is always out of date: it would read all of it, dead rows too, where an index has it.
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 0, NoResetOnClose = true };
        settings.Options = $"{settings.Options} -c enable_seqscan=off".TrimStart();
        _durable = NpgsqlDataSource.Create(settings);

        // What is lost when the server crashes right after it took a lock is the lock, and the message is delivered again.
        _relaxed = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            Options = $"{settings.Options} -c synchronous_commit=off".TrimStart(),
        });
        _wake = new QueueWake(_relaxed);
        _sends = new GroupCommit<OutgoingMessages, long>(InsertAsync, send => send.SizeInBytes);
        _completions = new GroupCommit<LockedMessage, bool>(DeleteAsync, _ => 0);
        _changes = new GroupCommit<LockedMessage, DateTimeOffset?>(UpdateAsync, _ => 0);
    }

    internal QueueRules Rules { get; }

    /// <returns>The first message's sequence number.</returns>
    internal async Task<long> SendAsync(OutgoingMessages messages, CancellationToken cancellationToken)
    {
        var first = await _sends.AddAsync(messages, cancellationToken);
        _wake.Notify([messages.Queue]);
        return first;
    }

    internal async Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveAsync(
        string queue,
        bool deadLetters,
        ServiceBusReceiveMode mode,
        int maxMessages,
        TimeSpan maxWait,
        CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var wake = _wake.NextAsync(queue);
            if (MaintenanceIsDue(queue, BusyMaintenanceInterval))
            {
                await MaintainAsync(queue, cancellationToken);
            }

            var (messages, buried) = mode == ServiceBusReceiveMode.PeekLock
                ? await LockAsync(queue, deadLetters, maxMessages, cancellationToken)
                : (await TakeAsync(queue, deadLetters, maxMessages, cancellationToken), 0);
            if (messages.Count > 0)
            {
                return messages;
            }

            if (buried > 0)
            {
                continue;
            }

            var nextDue = await MaintainAsync(queue, cancellationToken);
            var pause = Min(maxWait - waited.Elapsed, Min(PollInterval, nextDue));
            if (waited.Elapsed >= maxWait)
            {
                return [];
            }

            if (pause > TimeSpan.Zero)
            {
                await WaitAsync(wake, pause, cancellationToken);
            }
        }
    }

    internal Task<IReadOnlyList<ServiceBusReceivedMessage>> ReceiveDeferredAsync(
        string queue, bool deadLetters, long[] sequenceNumbers, CancellationToken cancellationToken) =>
        RunAsync(queue, async () =>
        {
            await using var connection = await _durable.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                $"""
                UPDATE service_bus.message m
                SET lock_token = gen_random_uuid(), locked_until = now() + $4, delivery_count = delivery_count + 1
                WHERE m.queue = $1 AND m.dead_letter = $2 AND m.sequence_number = ANY($3) AND m.state = 1
                    AND (m.locked_until IS NULL OR m.locked_until <= now())
                RETURNING {Columns}
                """,
                connection,
                transaction);
            AddText(command, queue);
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = deadLetters });
            command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = sequenceNumbers });
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Rules.LockDuration });
            var messages = await ReadAsync(command, cancellationToken);
            if (messages.Count != sequenceNumbers.Length)
            {
                var missing = sequenceNumbers.Except(messages.Select(message => message.SequenceNumber));
                throw new ServiceBusException(
                    $"No deferred message that is free has the sequence number {string.Join(", ", missing)}.",
                    ServiceBusFailureReason.MessageNotFound,
                    queue);
            }

            await transaction.CommitAsync(cancellationToken);
            return messages;
        }, cancellationToken);

    internal Task<IReadOnlyList<ServiceBusReceivedMessage>> PeekAsync(
        string queue, bool deadLetters, long from, int maxMessages, CancellationToken cancellationToken) =>
        RunAsync(queue, async () =>
        {
            await using var command = _relaxed.CreateCommand(
                $"""
                SELECT {Columns} FROM service_bus.message m
                WHERE m.queue = $1 AND m.dead_letter = $2 AND m.sequence_number >= $3
                    AND (m.expires_at IS NULL OR m.expires_at > now())
                ORDER BY m.sequence_number LIMIT $4
                """);
            AddText(command, queue);
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = deadLetters });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = maxMessages });
            return await ReadAsync(command, cancellationToken, locked: false);
        }, cancellationToken);

    internal async Task CancelScheduledAsync(string queue, long sequenceNumber, CancellationToken cancellationToken)
    {
        var cancelled = await RunAsync(queue, async () =>
        {
            await using var command = _durable.CreateCommand(
                "DELETE FROM service_bus.message WHERE sequence_number = $2 AND queue = $1 AND state = 2");
            AddText(command, queue);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = sequenceNumber });
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }, cancellationToken);
        if (cancelled == 0)
        {
            throw new ServiceBusException(
                $"No scheduled message has the sequence number {sequenceNumber}.",
                ServiceBusFailureReason.MessageNotFound,
                queue);
        }
    }

    internal async Task CompleteAsync(
        string queue, ServiceBusReceivedMessage message, CancellationToken cancellationToken)
    {
        var locked = new LockedMessage(message.SequenceNumber, message.LockTokenGuid, default, "{}");
        if (!await _completions.AddAsync(locked, cancellationToken))
        {
            throw LockLost(queue, message);
        }
    }

    /// <returns>Until when the lock holds, for a renewal.</returns>
    internal async Task<DateTimeOffset> ChangeAsync(
        string queue,
        ServiceBusReceivedMessage message,
        LockChange change,
        IDictionary<string, object> properties,
        CancellationToken cancellationToken)
    {
        var locked = new LockedMessage(
            message.SequenceNumber, message.LockTokenGuid, change, ApplicationPropertyJson.Write(properties));
        var lockedUntil = await _changes.AddAsync(locked, cancellationToken) ?? throw LockLost(queue, message);
        if (change is LockChange.Abandon or LockChange.DeadLetter)
        {
            _wake.Notify([queue]);
        }

        return lockedUntil;
    }

    public async ValueTask DisposeAsync()
    {
        await _sends.DisposeAsync();
        await _completions.DisposeAsync();
        await _changes.DisposeAsync();
        await _wake.DisposeAsync();
        await _durable.DisposeAsync();
        await _relaxed.DisposeAsync();
        _schemaLock.Dispose();
    }

    private Task<IReadOnlyList<long>> InsertAsync(
        IReadOnlyList<OutgoingMessages> sends, CancellationToken cancellationToken) =>
        RunAsync(sends[0].Queue, async () =>
        {
            var messages = sends.SelectMany(send => send.Messages).ToArray();
            await using var connection = await _durable.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                """
                INSERT INTO service_bus.message
                    (queue, message_id, subject, content_type, correlation_id, properties, body,
                     expires_at, scheduled_at, state)
                SELECT queue, message_id, subject, content_type, correlation_id, properties::jsonb, body,
                    greatest(now(), scheduled_at) + time_to_live, scheduled_at,
                    CASE WHEN scheduled_at > now() THEN 2 ELSE 0 END
                FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS sent
                    (queue, message_id, subject, content_type, correlation_id, properties, body, time_to_live, scheduled_at)
                RETURNING sequence_number
                """,
                connection);
            AddArray(command, NpgsqlDbType.Text, sends.SelectMany(send => send.Messages.Select(_ => send.Queue)).ToArray());
            AddArray(command, NpgsqlDbType.Text, Array.ConvertAll(messages, message => message.MessageId));
            AddArray(command, NpgsqlDbType.Text, Array.ConvertAll(messages, message => message.Subject));
            AddArray(command, NpgsqlDbType.Text, Array.ConvertAll(messages, message => message.ContentType));
            AddArray(command, NpgsqlDbType.Text, Array.ConvertAll(messages, message => message.CorrelationId));
            AddArray(command, NpgsqlDbType.Text, Array.ConvertAll(messages, message => message.Properties));
            AddArray(command, NpgsqlDbType.Bytea, Array.ConvertAll(messages, message => message.Body));
            AddArray(command, NpgsqlDbType.Interval, Array.ConvertAll(messages, message => message.TimeToLive));
            AddArray(command, NpgsqlDbType.TimestampTz, Array.ConvertAll(messages, message => message.ScheduledAt));

            await command.PrepareAsync(cancellationToken);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var firsts = new long[sends.Count];
            for (var i = 0; i < firsts.Length; i++)
            {
                for (var j = 0; j < sends[i].Messages.Count; j++)
                {
                    await reader.ReadAsync(cancellationToken);
                    firsts[i] = j == 0 ? reader.GetInt64(0) : firsts[i];
                }
            }

            return (IReadOnlyList<long>)firsts;
        }, cancellationToken);

    private Task<IReadOnlyList<bool>> DeleteAsync(
        IReadOnlyList<LockedMessage> locked, CancellationToken cancellationToken) =>
        RunAsync(null, async () =>
        {
            await using var connection = await _durable.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                """
                DELETE FROM service_bus.message m
                USING unnest($1, $2) AS held (sequence_number, lock_token)
                WHERE m.sequence_number = held.sequence_number AND m.lock_token = held.lock_token AND m.locked_until > now()
                RETURNING m.sequence_number
                """,
                connection);
            AddLocks(command, locked);
            var deleted = new HashSet<long>();
            await command.PrepareAsync(cancellationToken);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                deleted.Add(reader.GetInt64(0));
            }

            return (IReadOnlyList<bool>)[.. locked.Select(message => deleted.Contains(message.SequenceNumber))];
        }, cancellationToken);

    private Task<IReadOnlyList<DateTimeOffset?>> UpdateAsync(
        IReadOnlyList<LockedMessage> locked, CancellationToken cancellationToken) =>
        RunAsync(null, async () =>
        {
            // The change numbers are those of LockChange. The last delivery's failure is what makes a dead letter.
            await using var connection = await _durable.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                $"""
                UPDATE service_bus.message m
                SET lock_token = CASE change WHEN 3 THEN m.lock_token END,
                    locked_until = CASE change WHEN 3 THEN now() + $5 END,
                    state = CASE change WHEN 1 THEN 1 WHEN 2 THEN 0 ELSE m.state END,
                    dead_letter = m.dead_letter OR change = 2 OR change = 0 AND m.delivery_count >= $6,
                    properties = m.properties || held.properties::jsonb ||
                        CASE WHEN change = 0 AND NOT m.dead_letter AND m.delivery_count >= $6
                            THEN {MaxDeliveriesProperties} ELSE jsonb_build_object() END
                FROM unnest($1, $2, $3, $4) AS held (sequence_number, lock_token, change, properties)
                WHERE m.sequence_number = held.sequence_number AND m.lock_token = held.lock_token AND m.locked_until > now()
                RETURNING m.sequence_number, coalesce(m.locked_until, now())
                """,
                connection);
            AddLocks(command, locked);
            AddArray(command, NpgsqlDbType.Smallint, locked.Select(message => (short)message.Change).ToArray());
            AddArray(command, NpgsqlDbType.Text, locked.Select(message => message.Properties).ToArray());
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Rules.LockDuration });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Rules.MaxDeliveryCount });
            var changed = new Dictionary<long, DateTimeOffset>();
            await command.PrepareAsync(cancellationToken);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                changed[reader.GetInt64(0)] = reader.GetFieldValue<DateTimeOffset>(1);
            }

            return (IReadOnlyList<DateTimeOffset?>)
            [
                .. locked.Select(message =>
                    changed.TryGetValue(message.SequenceNumber, out var until) ? until : (DateTimeOffset?)null),
            ];
        }, cancellationToken);

    /// <summary>
    /// Locks the next messages. One whose last permitted delivery ended with an expired lock becomes a dead letter
    /// instead; how many did is the second result.
    /// </summary>
    private Task<(IReadOnlyList<ServiceBusReceivedMessage> Messages, int Buried)> LockAsync(
        string queue, bool deadLetters, int maxMessages, CancellationToken cancellationToken) =>
        RunAsync(queue, async () =>
        {
            await using var connection = await _relaxed.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                $"""
                WITH next AS MATERIALIZED (
                    SELECT m.sequence_number, NOT m.dead_letter AND m.delivery_count >= $5 AS exhausted
                    FROM service_bus.message m WHERE {Receivable}
                    ORDER BY m.sequence_number LIMIT $3 FOR UPDATE SKIP LOCKED)
                UPDATE service_bus.message m
                SET lock_token = CASE WHEN exhausted THEN NULL ELSE gen_random_uuid() END,
                    locked_until = CASE WHEN exhausted THEN NULL ELSE now() + $4 END,
                    delivery_count = m.delivery_count + CASE WHEN exhausted THEN 0 ELSE 1 END,
                    dead_letter = m.dead_letter OR exhausted,
                    properties = CASE WHEN exhausted THEN m.properties || {MaxDeliveriesProperties} ELSE m.properties END
                FROM next WHERE m.sequence_number = next.sequence_number
                RETURNING {Columns}
                """,
                connection);
            AddText(command, queue);
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = deadLetters });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = maxMessages });
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Rules.LockDuration });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Rules.MaxDeliveryCount });
            await command.PrepareAsync(cancellationToken);
            var messages = await ReadAsync(command, cancellationToken);
            IReadOnlyList<ServiceBusReceivedMessage> delivered =
                [.. messages.Where(message => message.LockTokenGuid != Guid.Empty)];
            return (delivered, messages.Count - delivered.Count);
        }, cancellationToken);

    private Task<IReadOnlyList<ServiceBusReceivedMessage>> TakeAsync(
        string queue, bool deadLetters, int maxMessages, CancellationToken cancellationToken) =>
        RunAsync(queue, async () =>
        {
            await using var connection = await _durable.OpenConnectionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(
                $"""
                WITH next AS MATERIALIZED (
                    SELECT m.sequence_number FROM service_bus.message m WHERE {Receivable}
                    ORDER BY m.sequence_number LIMIT $3 FOR UPDATE SKIP LOCKED)
                DELETE FROM service_bus.message m USING next WHERE m.sequence_number = next.sequence_number
                RETURNING {Columns}
                """,
                connection);
            AddText(command, queue);
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = deadLetters });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = maxMessages });
            await command.PrepareAsync(cancellationToken);
            return await ReadAsync(command, cancellationToken, locked: false);
        }, cancellationToken);

    /// <summary>
    /// Enqueues scheduled messages whose time has come, at the end and under a new number as Azure does, and removes
    /// expired ones.
    /// </summary>
    /// <returns>How long until the next scheduled message is due.</returns>
    private Task<TimeSpan> MaintainAsync(string queue, CancellationToken cancellationToken) =>
        RunAsync(queue, async () =>
        {
            _maintained[queue] = Stopwatch.GetTimestamp();
            await using var connection = await _relaxed.OpenConnectionAsync(cancellationToken);
            await using var batch = new NpgsqlBatch(connection);
            foreach (var sql in (string[])
                [
                    """
                    WITH due AS MATERIALIZED (
                        SELECT sequence_number FROM service_bus.message
                        WHERE queue = $1 AND state = 2 AND scheduled_at <= now()
                        ORDER BY scheduled_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
                    UPDATE service_bus.message m
                    SET sequence_number = nextval('service_bus.message_sequence'), state = 0, enqueued_at = now()
                    FROM due WHERE m.sequence_number = due.sequence_number
                    """,
                    """
                    WITH expired AS MATERIALIZED (
                        SELECT sequence_number FROM service_bus.message
                        WHERE queue = $1 AND expires_at <= now() AND (locked_until IS NULL OR locked_until <= now())
                        LIMIT 1000 FOR UPDATE SKIP LOCKED)
                    DELETE FROM service_bus.message m USING expired WHERE m.sequence_number = expired.sequence_number
                    """,
                    "SELECT min(scheduled_at) - clock_timestamp() FROM service_bus.message WHERE queue = $1 AND state = 2",
                ])
            {
                var command = batch.CreateBatchCommand();
                command.CommandText = sql;
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = queue });
                batch.BatchCommands.Add(command);
            }

            await batch.PrepareAsync(cancellationToken);
            var untilNext = await batch.ExecuteScalarAsync(cancellationToken) as TimeSpan?;
            return batch.BatchCommands[0].RecordsAffected > 0 ? TimeSpan.Zero : untilNext ?? TimeSpan.MaxValue;
        }, cancellationToken);

    private bool MaintenanceIsDue(string queue, TimeSpan interval) =>
        !_maintained.TryGetValue(queue, out var last) || Stopwatch.GetElapsedTime(last) >= interval;

    /// <summary>Tells a server that said no from a connection that broke, and tries again after the latter.</summary>
    private async Task<T> RunAsync<T>(string? queue, Func<Task<T>> operation, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await EnsureSchemaAsync(cancellationToken);
                return await operation();
            }
            catch (NpgsqlException exception) when (exception.IsTransient && attempt < Attempts)
            {
                await Task.Delay(RetryDelay * attempt, cancellationToken);
            }
            catch (NpgsqlException exception)
            {
                throw exception.IsTransient
                    ? new ServiceBusException(
                        "The queue database cannot be reached.",
                        ServiceBusFailureReason.ServiceCommunicationProblem,
                        queue,
                        exception)
                    : new ServiceBusException(
                        $"The queue database refuses: {exception.Message}",
                        ServiceBusFailureReason.GeneralError,
                        queue,
                        exception);
            }
        }
    }

    private async Task EnsureSchemaAsync(CancellationToken cancellationToken)
    {
        if (_schemaReady)
        {
            return;
        }

        await _schemaLock.WaitAsync(cancellationToken);
        try
        {
            if (!_schemaReady)
            {
                await QueueSchema.EnsureAsync(_durable, cancellationToken);
                _schemaReady = true;
            }
        }
        finally
        {
            _schemaLock.Release();
        }
    }

    private static async Task WaitAsync(Task wake, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(wake, Task.Delay(pause, timer.Token));
        await timer.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private static async Task<IReadOnlyList<ServiceBusReceivedMessage>> ReadAsync(
        NpgsqlCommand command, CancellationToken cancellationToken, bool locked = true)
    {
        var messages = new List<ServiceBusReceivedMessage>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            messages.Add(Read(reader, locked));
        }

        messages.Sort((left, right) => left.SequenceNumber.CompareTo(right.SequenceNumber));
        return messages;
    }

    private static ServiceBusReceivedMessage Read(NpgsqlDataReader row, bool locked) => new()
    {
        SequenceNumber = row.GetInt64(0),
        EnqueuedTime = row.GetFieldValue<DateTimeOffset>(1),
        ScheduledEnqueueTime = row.IsDBNull(2) ? default : row.GetFieldValue<DateTimeOffset>(2),
        ExpiresAt = row.IsDBNull(3) ? DateTimeOffset.MaxValue : row.GetFieldValue<DateTimeOffset>(3),
        LockedUntil = locked && !row.IsDBNull(4) ? row.GetFieldValue<DateTimeOffset>(4) : default,
        LockTokenGuid = locked && !row.IsDBNull(5) ? row.GetGuid(5) : Guid.Empty,
        DeliveryCount = row.GetInt32(6),
        State = (ServiceBusMessageState)row.GetInt16(7),
        MessageId = row.GetString(9),
        Subject = Text(row, 10),
        ContentType = Text(row, 11),
        CorrelationId = Text(row, 12),
        ApplicationProperties = ApplicationPropertyJson.Read(row.GetString(13)),
        Body = BinaryData.FromBytes(row.GetFieldValue<byte[]>(14)),
    };

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static ServiceBusException LockLost(string queue, ServiceBusReceivedMessage message) => new(
        $"The lock on message {message.SequenceNumber} has expired or was used up.",
        ServiceBusFailureReason.MessageLockLost,
        queue);

    private static void AddLocks(NpgsqlCommand command, IReadOnlyList<LockedMessage> locked)
    {
        AddArray(command, NpgsqlDbType.Bigint, locked.Select(message => message.SequenceNumber).ToArray());
        AddArray(command, NpgsqlDbType.Uuid, locked.Select(message => message.LockToken).ToArray());
    }

    private static void AddText(NpgsqlCommand command, string value) =>
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });

    private static void AddArray<T>(NpgsqlCommand command, NpgsqlDbType type, T[] values) =>
        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
