using Npgsql;

namespace WebHost.Local.DurableTask.Storage;

/// <summary>The hub's tables.</summary>
internal static class Schema
{
    // Taken while the tables are made, so that two processes may start at once. Any number that nobody else uses.
    private const long CreationLock = 0x6475_7261_626c_6501;

    public static async Task CreateAsync(NpgsqlDataSource database, string hub, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({CreationLock})", connection);
        await command.ExecuteNonQueryAsync(cancellation);
        command.CommandText = Definition(hub);
        await command.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    // Ids compare byte by byte, whatever the server's locale. Lease columns are in no index of instances, and its pages have
    // room, so that taking and giving back a lease rewrites no index. The queues are vacuumed by number of rows, not by share.
    private static string Definition(string hub) => $"""
        CREATE SCHEMA IF NOT EXISTS {hub};
        CREATE TABLE IF NOT EXISTS {hub}.instances (
            instance_id text COLLATE "C" PRIMARY KEY,
            creation_id uuid NOT NULL,
            execution_id uuid NOT NULL,
            name text NOT NULL,
            parent_id text COLLATE "C",
            parent_execution_id uuid,
            parent_name text,
            parent_task_id integer,
            status smallint NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            finished_at timestamptz,
            steps integer NOT NULL DEFAULT 0,
            input text,
            output text,
            custom_status text,
            failure text,
            owner uuid,
            lease bigint NOT NULL DEFAULT 0,
            leased_until timestamptz
        ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
        CREATE INDEX IF NOT EXISTS instances_created ON {hub}.instances (created_at, instance_id);
        CREATE INDEX IF NOT EXISTS instances_finished ON {hub}.instances (finished_at) WHERE finished_at IS NOT NULL;
        CREATE INDEX IF NOT EXISTS instances_parent ON {hub}.instances (parent_id) WHERE parent_id IS NOT NULL;

        CREATE TABLE IF NOT EXISTS {hub}.history (
            instance_id text COLLATE "C" NOT NULL,
            execution_id uuid NOT NULL,
            step integer NOT NULL,
            body text NOT NULL,
            PRIMARY KEY (instance_id, execution_id, step)
        );

        CREATE TABLE IF NOT EXISTS {hub}.inbox (
            id bigint GENERATED ALWAYS AS IDENTITY,
            instance_id text COLLATE "C" NOT NULL,
            execution_id uuid,
            timer_id integer,
            due_at timestamptz NOT NULL,
            is_timed boolean NOT NULL DEFAULT false,
            body text NOT NULL,
            PRIMARY KEY (instance_id, id)
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
        CREATE INDEX IF NOT EXISTS inbox_due ON {hub}.inbox (due_at);

        CREATE TABLE IF NOT EXISTS {hub}.activities (
            instance_id text COLLATE "C" NOT NULL,
            execution_id uuid NOT NULL,
            task_id integer NOT NULL,
            name text NOT NULL,
            input text,
            owner uuid,
            lease bigint NOT NULL DEFAULT 0,
            available_at timestamptz NOT NULL,
            PRIMARY KEY (instance_id, execution_id, task_id)
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
        CREATE TABLE IF NOT EXISTS {hub}.commits (
            worker uuid PRIMARY KEY,
            number bigint NOT NULL,
            committed_at timestamptz NOT NULL
        ) WITH (fillfactor = 50);
        CREATE INDEX IF NOT EXISTS activities_available ON {hub}.activities (available_at);
        """;
}
