-- A tenant database: the same schema on a shared server, where up to 150 customers live together, and in a database of
-- one's own. $tenants$ is the group role of this database's tenant roles, $ingest$ the role that writes points.

CREATE SCHEMA fleet;
REVOKE ALL ON SCHEMA fleet FROM PUBLIC;

-- Who is served here, by which login role, at which epoch, and whether writes are taken.
CREATE TABLE fleet.customers (
    customer_id  uuid PRIMARY KEY,
    role_name    name NOT NULL UNIQUE,
    epoch        bigint NOT NULL CHECK (epoch > 0),
    writable     boolean NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- The customer of the running transaction: the transaction-local setting, believed only from that customer's own role.
CREATE FUNCTION fleet.current_customer() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
    SELECT customer_id FROM fleet.customers
    WHERE customer_id = nullif(current_setting('webhost.customer_id', true), '')::uuid AND role_name = session_user
$$;

-- Begins a tenant's write: holds the customer's row so that a fence waits for this transaction, and refuses when the
-- customer has moved (WH001) or is fenced (WH002).
CREATE FUNCTION fleet.begin_write(expected_epoch bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
DECLARE
    served fleet.customers;
BEGIN
    SELECT * INTO served FROM fleet.customers WHERE customer_id = fleet.current_customer() FOR SHARE;
    IF NOT FOUND OR served.epoch <> expected_epoch THEN
        RAISE EXCEPTION 'customer is served here at epoch %, not %', coalesce(served.epoch, 0), expected_epoch
            USING ERRCODE = 'WH001';
    END IF;
    IF NOT served.writable THEN
        RAISE EXCEPTION 'customer is fenced at epoch %', served.epoch USING ERRCODE = 'WH002';
    END IF;
END $$;

CREATE TABLE fleet.vehicles (
    customer_id  uuid NOT NULL REFERENCES fleet.customers,
    vehicle_id   text NOT NULL,
    name         text NOT NULL,
    plate        text,
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, vehicle_id)
);

CREATE TABLE fleet.devices (
    customer_id   uuid NOT NULL REFERENCES fleet.customers,
    device_id     uuid NOT NULL,
    name          text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, device_id)
);

-- Which vehicle a device rides in, since when. The newest row at or before a moment holds at that moment.
CREATE TABLE fleet.device_vehicles (
    customer_id  uuid NOT NULL,
    device_id    uuid NOT NULL,
    since        timestamptz NOT NULL,
    vehicle_id   text,
    PRIMARY KEY (customer_id, device_id, since),
    FOREIGN KEY (customer_id, device_id) REFERENCES fleet.devices ON DELETE CASCADE
);
CREATE INDEX device_vehicles_by_vehicle ON fleet.device_vehicles (customer_id, vehicle_id);

-- Units: metres, metres a second, degrees clockwise from north, percent.
--
-- written_by is the transaction that wrote the row. Whoever copies a customer's rows finds by it, later, what was written
-- since: a row that a snapshot does not see has a written_by at or above that snapshot's xmin. Only what grows without end
-- carries it, and such rows never change; the small tables are compared whole. bigint, since xid8 has no BRIN operators.
CREATE TABLE fleet.points (
    customer_id  uuid NOT NULL,
    device_id    uuid NOT NULL,
    fix_time     timestamptz NOT NULL,
    position     geometry(Point, 4326) NOT NULL,
    altitude     real,
    speed        real,
    course       real,
    accuracy     real,
    battery      real,
    received_at  timestamptz NOT NULL,
    extras       jsonb,
    written_by   bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    PRIMARY KEY (customer_id, device_id, fix_time)
) PARTITION BY RANGE (fix_time);
CREATE INDEX points_by_transaction ON fleet.points USING brin (written_by) WITH (autosummarize = on);

-- The newest point of each device, by fix time, and when the device was last heard of.
CREATE TABLE fleet.positions (
    customer_id  uuid NOT NULL,
    device_id    uuid NOT NULL,
    fix_time     timestamptz NOT NULL,
    position     geometry(Point, 4326) NOT NULL,
    altitude     real,
    speed        real,
    course       real,
    accuracy     real,
    battery      real,
    received_at  timestamptz NOT NULL,
    extras       jsonb,
    PRIMARY KEY (customer_id, device_id)
);

-- When a device last spoke, with or without a position.
CREATE TABLE fleet.heartbeats (
    customer_id  uuid NOT NULL,
    device_id    uuid NOT NULL,
    heard_at     timestamptz NOT NULL,
    battery      real,
    PRIMARY KEY (customer_id, device_id)
);

-- What a device sent that can never become a point, as it came, with the reason.
CREATE TABLE fleet.quarantine (
    customer_id  uuid NOT NULL,
    device_id    uuid NOT NULL,
    received_at  timestamptz NOT NULL,
    digest       bytea NOT NULL,
    reason       text NOT NULL,
    protocol     text NOT NULL,
    raw          text NOT NULL,
    written_by   bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    PRIMARY KEY (customer_id, device_id, received_at, digest)
);
CREATE INDEX quarantine_by_transaction ON fleet.quarantine USING brin (written_by) WITH (autosummarize = on);

-- Partitions are days. What is older than this database's first days goes into months, so that a tracker with years in
-- its memory does not make thousands of partitions; the boundary never moves, so the two kinds never overlap.
CREATE TABLE fleet.partitioning (days_begin date NOT NULL);
INSERT INTO fleet.partitioning VALUES (date_trunc('month', (now() AT TIME ZONE 'UTC') - interval '60 days')::date);

CREATE FUNCTION fleet.ensure_partition(day date) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, public, pg_temp SET client_min_messages = warning AS $$
DECLARE
    daily boolean := day >= (SELECT days_begin FROM fleet.partitioning);
    first date := CASE WHEN daily THEN day ELSE date_trunc('month', day)::date END;
    beyond date := CASE WHEN daily THEN day + 1 ELSE (first + interval '1 month')::date END;
    partition text := 'points_' || to_char(first, CASE WHEN daily THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
BEGIN
    IF to_regclass('fleet.' || partition) IS NOT NULL THEN
        RETURN;
    END IF;
    -- Creating it apart and attaching it locks out neither readers nor writers of the other partitions.
    PERFORM pg_advisory_xact_lock(hashtext('fleet.ensure_partition'));
    -- Asked of the table itself: an advisory lock does not bring this session's cached answer up to date.
    IF NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'fleet'::regnamespace AND relname = partition) THEN
        EXECUTE format('CREATE TABLE fleet.%I (LIKE fleet.points INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        EXECUTE format('ALTER TABLE fleet.points ATTACH PARTITION fleet.%I FOR VALUES FROM (%L) TO (%L)',
            partition, first::timestamp AT TIME ZONE 'UTC', beyond::timestamp AT TIME ZONE 'UTC');
    END IF;
END $$;

CREATE FUNCTION fleet.ensure_partitions_ahead(days integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
    SELECT fleet.ensure_partition((now() AT TIME ZONE 'UTC')::date + ahead) FROM generate_series(-1, days) AS ahead
$$;
SELECT fleet.ensure_partitions_ahead(3);

-- The customers among those given that are served here at the epoch given and take writes. Their rows are held until the
-- transaction ends, so that a fence waits for it. Every function that ingests begins with it: nobody can write past it.
CREATE FUNCTION fleet.admit(served uuid[], epochs bigint[]) RETURNS uuid[]
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
    WITH admitted AS (
        SELECT c.customer_id FROM fleet.customers c
        JOIN unnest(served, epochs) AS asked (customer_id, epoch) USING (customer_id)
        WHERE c.epoch = asked.epoch AND c.writable
        ORDER BY c.customer_id
        FOR SHARE OF c
    )
    SELECT coalesce(array_agg(customer_id), '{}') FROM admitted
$$;

-- Writes points of the customers served, each at its epoch, and answers which of them were admitted; points of the others
-- are left out. Of the arrays that follow, each holds one field: element i of all of them is one point.
CREATE FUNCTION fleet.ingest_points(
    served uuid[], epochs bigint[],
    customers uuid[], devices uuid[], fix_times timestamptz[], longitudes float8[], latitudes float8[],
    altitudes real[], speeds real[], courses real[], accuracies real[], batteries real[], received timestamptz[],
    extra text[]) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, public, pg_temp AS $$
DECLARE
    admitted uuid[] := fleet.admit(served, epochs);
BEGIN
    PERFORM fleet.ensure_partition(d.day)
    FROM (SELECT DISTINCT (t AT TIME ZONE 'UTC')::date AS day FROM unnest(fix_times) AS t) AS d;

    WITH incoming AS MATERIALIZED (
        SELECT p.customer_id, p.device_id, p.fix_time, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) AS position,
               p.altitude, p.speed, p.course, p.accuracy, p.battery, p.received_at, p.extras::jsonb AS extras
        FROM unnest(customers, devices, fix_times, longitudes, latitudes, altitudes, speeds, courses, accuracies,
                    batteries, received, extra)
             AS p (customer_id, device_id, fix_time, lon, lat, altitude, speed, course, accuracy, battery, received_at, extras)
        WHERE p.customer_id = ANY (admitted)
    ), latest AS (
        INSERT INTO fleet.positions AS known
        SELECT DISTINCT ON (customer_id, device_id) * FROM incoming
        ORDER BY customer_id, device_id, fix_time DESC
        ON CONFLICT (customer_id, device_id) DO UPDATE SET
            fix_time = excluded.fix_time, position = excluded.position, altitude = excluded.altitude,
            speed = excluded.speed, course = excluded.course, accuracy = excluded.accuracy, battery = excluded.battery,
            received_at = excluded.received_at, extras = excluded.extras
        WHERE excluded.fix_time > known.fix_time
    )
    INSERT INTO fleet.points SELECT * FROM incoming ORDER BY customer_id, device_id, fix_time ON CONFLICT DO NOTHING;
    RETURN admitted;
END $$;

-- Notes that devices spoke, as ingest_points does for points.
CREATE FUNCTION fleet.ingest_heartbeats(
    served uuid[], epochs bigint[], customers uuid[], devices uuid[], heard timestamptz[], batteries real[]) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
DECLARE
    admitted uuid[] := fleet.admit(served, epochs);
BEGIN
    INSERT INTO fleet.heartbeats AS known
    SELECT DISTINCT ON (h.customer_id, h.device_id) h.*
    FROM unnest(customers, devices, heard, batteries) AS h (customer_id, device_id, heard_at, battery)
    WHERE h.customer_id = ANY (admitted)
    ORDER BY h.customer_id, h.device_id, h.heard_at DESC
    ON CONFLICT (customer_id, device_id) DO UPDATE SET
        heard_at = excluded.heard_at, battery = coalesce(excluded.battery, known.battery)
    WHERE excluded.heard_at > known.heard_at;
    RETURN admitted;
END $$;

-- Keeps what can never become a point, as ingest_points does for points.
CREATE FUNCTION fleet.ingest_quarantine(
    served uuid[], epochs bigint[], customers uuid[], devices uuid[], received timestamptz[], reasons text[],
    protocols text[], raws text[]) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
DECLARE
    admitted uuid[] := fleet.admit(served, epochs);
BEGIN
    INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw)
    SELECT q.customer_id, q.device_id, q.received_at, sha256(convert_to(q.raw, 'UTF8')), q.reason, q.protocol, q.raw
    FROM unnest(customers, devices, received, reasons, protocols, raws)
         AS q (customer_id, device_id, received_at, reason, protocol, raw)
    WHERE q.customer_id = ANY (admitted)
    ON CONFLICT DO NOTHING;
    RETURN admitted;
END $$;

-- Row-level security: a tenant role sees and writes the rows of its own customer, and nothing without the setting.
DO $$
DECLARE
    guarded text;
BEGIN
    FOREACH guarded IN ARRAY ARRAY['vehicles', 'devices', 'device_vehicles', 'points', 'positions', 'heartbeats', 'quarantine'] LOOP
        EXECUTE format('ALTER TABLE fleet.%I ENABLE ROW LEVEL SECURITY', guarded);
        EXECUTE format('CREATE POLICY own_rows ON fleet.%I USING (customer_id = (SELECT fleet.current_customer()))
                        WITH CHECK (customer_id = (SELECT fleet.current_customer()))', guarded);
    END LOOP;
END $$;
ALTER TABLE fleet.customers ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fleet FROM PUBLIC;
GRANT USAGE ON SCHEMA fleet TO "$tenants$", "$ingest$";
GRANT EXECUTE ON FUNCTION fleet.current_customer(), fleet.begin_write(bigint) TO "$tenants$";
GRANT SELECT ON fleet.points, fleet.positions, fleet.heartbeats, fleet.quarantine TO "$tenants$";
GRANT SELECT, INSERT, UPDATE, DELETE ON fleet.vehicles, fleet.devices, fleet.device_vehicles TO "$tenants$";
-- The ingesting role can do nothing but call these: it can read nothing, and write nothing past the epoch check.
GRANT EXECUTE ON FUNCTION fleet.ingest_points, fleet.ingest_heartbeats, fleet.ingest_quarantine TO "$ingest$";
