using Npgsql;

namespace WebHost.Local.Providers.State;

/// <summary>What exists at the simulated vendors, in PostgreSQL so that it outlives this process.</summary>
internal sealed class ResourceStore(NpgsqlDataSource database)
{
    public async Task CreateSchemaAsync()
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        // CREATE … IF NOT EXISTS can still collide between two processes that start at once.
        await using var command = new NpgsqlCommand(
            """
            SELECT pg_advisory_xact_lock(hashtextextended('simulators', 0));
            CREATE SCHEMA IF NOT EXISTS simulators;
            CREATE SEQUENCE IF NOT EXISTS simulators.number START 1001;
            CREATE TABLE IF NOT EXISTS simulators.resource (
                kind text NOT NULL,
                id text NOT NULL,
                parent text NOT NULL,
                name text NOT NULL,
                body jsonb NOT NULL,
                sequence bigint GENERATED ALWAYS AS IDENTITY,
                PRIMARY KEY (kind, id));
            CREATE INDEX IF NOT EXISTS resource_parent ON simulators.resource (kind, parent, sequence);
            CREATE TABLE IF NOT EXISTS simulators.call (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                at timestamptz NOT NULL DEFAULT now(),
                method text NOT NULL,
                path text NOT NULL,
                provider text NOT NULL,
                operation text NOT NULL,
                status integer);
            CREATE TABLE IF NOT EXISTS simulators.fault (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                provider text NOT NULL,
                operation text,
                kind text NOT NULL,
                status integer,
                delay_ms integer,
                remaining integer NOT NULL);
            """,
            connection,
            transaction);
        await command.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
    }

    /// <summary>Reads without waiting for anybody.</summary>
    public async Task<T> ReadAsync<T>(Func<ResourceSession, Task<T>> work)
    {
        await using var connection = await database.OpenConnectionAsync();
        return await work(new ResourceSession(connection));
    }

    /// <summary>Runs <paramref name="work"/> in a transaction, alone in its scope; an exception leaves no trace.</summary>
    public async Task<T> ChangeAsync<T>(string scope, Func<ResourceSession, Task<T>> work)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", connection, transaction))
        {
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"simulators {scope}" });
            await command.ExecuteNonQueryAsync();
        }

        var result = await work(new ResourceSession(connection));
        await transaction.CommitAsync();
        return result;
    }

    public Task ChangeAsync(string scope, Func<ResourceSession, Task> work) => ChangeAsync(scope, async session =>
    {
        await work(session);
        return true;
    });
}
