using Npgsql;

namespace WebHost.Local.Functions;

/// <summary>
/// When each timer ran last and is due next, and the lock that lets one process at a time run it. The lock belongs to a
/// database session: it ends with the process that holds it, however that ends.
/// </summary>
internal sealed class TimerStore(string connectionString) : IAsyncDisposable
{
    private const string Schema = """
        SELECT pg_advisory_xact_lock(hashtextextended('functions_host schema', 0));
        CREATE SCHEMA IF NOT EXISTS functions_host;
        CREATE TABLE IF NOT EXISTS functions_host.timer (
            name text PRIMARY KEY,
            schedule text NOT NULL,
            last_run timestamptz,
            next_due timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        );
        """;

    private readonly NpgsqlDataSource _database = NpgsqlDataSource.Create(connectionString);

    internal async Task EnsureSchemaAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(Schema, connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>A timer that is new, or whose schedule has changed since, is due when its schedule says next.</summary>
    internal async Task<TimerState> ReadAsync(TimerFunction timer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(
            """
            INSERT INTO functions_host.timer AS t (name, schedule, next_due, updated_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (name) DO UPDATE
            SET next_due = CASE WHEN t.schedule = excluded.schedule THEN t.next_due ELSE excluded.next_due END,
                schedule = excluded.schedule
            RETURNING last_run, next_due, updated_at
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = timer.Function.Name });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = timer.Schedule });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = timer.NextAfter(now).UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new TimerState(
            row.IsDBNull(0) ? null : row.GetFieldValue<DateTimeOffset>(0),
            row.GetFieldValue<DateTimeOffset>(1),
            row.GetFieldValue<DateTimeOffset>(2));
    }

    internal async Task WriteRunAsync(
        TimerFunction timer, DateTimeOffset lastRun, DateTimeOffset nextDue, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = _database.CreateCommand(
            "UPDATE functions_host.timer SET last_run = $2, next_due = $3, updated_at = $4 WHERE name = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = timer.Function.Name });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = lastRun.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = nextDue.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>The lock, or null while another process runs the timer.</returns>
    internal async Task<TimerLock?> TryLockAsync(TimerFunction timer, CancellationToken cancellationToken)
    {
        var connection = await _database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var command = new NpgsqlCommand(
                "SELECT pg_try_advisory_lock(hashtextextended('functions_host timer ' || lower($1), 0))", connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = timer.Function.Name });
            if (await command.ExecuteScalarAsync(cancellationToken) is true)
            {
                return new TimerLock(connection);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}
