-- In a database of one's own, where TimescaleDB is loaded, points is a hypertable whose chunks of a day are compressed
-- after a week: the same table for every query. On a shared server it stays partitioned, for two reasons that hold in
-- TimescaleDB 2.28: row-level security and the columnstore exclude each other; and chunks inherit the table's grants but
-- not its policies, so that pg_stats shows a tenant the commonest values of everybody's chunks, whatever the schema's own
-- privileges say. What keeps tenants apart in a hypertable is that the database has one, which the index on customers holds
-- to.
--
-- A database that has points already stays as it is: a tenant gets a hypertable by moving.
DO $$
BEGIN
    -- The setting is there when the loader is preloaded; without that, creating the extension would end the session.
    IF '$mode$' <> 'single-tenant' OR current_setting('timescaledb.disable_load', true) IS NULL
       OR NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
       OR EXISTS (SELECT FROM fleet.points) OR (SELECT count(*) > 1 FROM fleet.customers) THEN
        RETURN;
    END IF;
    CREATE EXTENSION IF NOT EXISTS timescaledb;
    -- The build under the Apache licence has no columnstore; without it a hypertable is nothing that partitions are not.
    IF current_setting('timescaledb.license') <> 'timescale' THEN
        RETURN;
    END IF;

    ALTER TABLE fleet.points RENAME TO points_partitioned;
    CREATE TABLE fleet.points (LIKE fleet.points_partitioned INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    DROP TABLE fleet.points_partitioned;
    ALTER TABLE fleet.points ADD PRIMARY KEY (customer_id, device_id, fix_time);
    CREATE INDEX points_by_transaction ON fleet.points USING brin (written_by) WITH (autosummarize = on);
    GRANT SELECT ON fleet.points TO "$tenants$";
    CREATE UNIQUE INDEX only_one_customer ON fleet.customers ((true));

    PERFORM create_hypertable(
        'fleet.points', 'fix_time', chunk_time_interval => interval '1 day', create_default_indexes => false);
    -- Rows are ordered by what is looked for in them: of both columns, each batch of a thousand rows notes least and
    -- greatest.
    ALTER TABLE fleet.points SET (
        timescaledb.enable_columnstore, timescaledb.segmentby = 'customer_id, device_id',
        timescaledb.orderby = 'fix_time, written_by');
    CALL add_columnstore_policy('fleet.points', after => interval '7 days');

    -- Chunks make themselves.
    CREATE OR REPLACE FUNCTION fleet.ensure_partition(day date) RETURNS void LANGUAGE sql AS 'SELECT';

    CREATE OR REPLACE FUNCTION fleet.point_partitions() RETURNS TABLE (name regclass, first timestamptz, beyond timestamptz)
        LANGUAGE sql STABLE SET search_path = fleet, pg_temp AS '
        SELECT format(''%I.%I'', chunk_schema, chunk_name)::regclass, range_start, range_end
        FROM timescaledb_information.chunks WHERE hypertable_schema = ''fleet'' AND hypertable_name = ''points''
    ';

    CREATE OR REPLACE FUNCTION fleet.drop_points(part regclass) RETURNS void
        LANGUAGE plpgsql SET search_path = fleet, public, pg_temp AS '
    BEGIN
        PERFORM drop_chunks(''fleet.points'', older_than => p.beyond, newer_than => p.first)
        FROM fleet.point_partitions() p WHERE p.name = part;
    END ';

    CREATE OR REPLACE FUNCTION fleet.measure_customers() RETURNS TABLE (customer_id uuid, points bigint, bytes bigint)
        LANGUAGE sql STABLE SET search_path = fleet, public, pg_temp AS '
        SELECT c.customer_id, (SELECT count(*) FROM fleet.points),
               hypertable_size(''fleet.points'')
               + coalesce((SELECT sum(octet_length(q.raw)) FROM fleet.quarantine q), 0)::bigint
        FROM fleet.customers c
    ';
END $$;
