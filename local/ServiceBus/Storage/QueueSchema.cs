using Npgsql;

namespace Azure.Messaging.ServiceBus;

internal static class QueueSchema
{
    // Locks are taken by updating columns that no index covers (heap-only updates, hence the fill factor), so that a
    // delivery writes no index; bodies are not compressed because that costs more than the disk they save; and the
    // table is vacuumed early, because a queue is mostly rows that are gone.
    private const string Sql = """
        SELECT pg_advisory_xact_lock(hashtextextended('service_bus schema', 0));
        CREATE SCHEMA IF NOT EXISTS service_bus;
        CREATE SEQUENCE IF NOT EXISTS service_bus.message_sequence;
        CREATE TABLE IF NOT EXISTS service_bus.message (
            sequence_number bigint PRIMARY KEY DEFAULT nextval('service_bus.message_sequence'),
            enqueued_at timestamptz NOT NULL DEFAULT now(),
            scheduled_at timestamptz,
            expires_at timestamptz,
            locked_until timestamptz,
            lock_token uuid,
            delivery_count integer NOT NULL DEFAULT 0,
            state smallint NOT NULL,
            dead_letter boolean NOT NULL DEFAULT false,
            queue text NOT NULL,
            message_id text NOT NULL,
            subject text,
            content_type text,
            correlation_id text,
            properties jsonb NOT NULL,
            body bytea NOT NULL
        ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
            autovacuum_vacuum_insert_scale_factor = 0.5, autovacuum_vacuum_cost_delay = 0);
        ALTER TABLE service_bus.message ALTER COLUMN body SET STORAGE EXTERNAL;
        CREATE INDEX IF NOT EXISTS message_active ON service_bus.message (queue, dead_letter, sequence_number)
            WHERE state = 0;
        CREATE INDEX IF NOT EXISTS message_scheduled ON service_bus.message (queue, scheduled_at) WHERE state = 2;
        CREATE INDEX IF NOT EXISTS message_expiring ON service_bus.message (queue, expires_at)
            WHERE expires_at IS NOT NULL;
        """;

    internal static async Task EnsureAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        // The schema is made in one transaction: where its last index is, all of it is.
        await using var probe = database.CreateCommand("SELECT to_regclass('service_bus.message_expiring') IS NOT NULL");
        if (await probe.ExecuteScalarAsync(cancellationToken) is true)
        {
            return;
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var create = new NpgsqlCommand(Sql, connection, transaction);
        await create.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
