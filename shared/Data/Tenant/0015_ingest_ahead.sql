-- As before, for two thirds of the cost.
--
-- The arrays are unnested in the select list, where they run side by side; in FROM each of the twelve is spooled by itself.
--
-- Points newer than what is known of their device, as nearly all are, are new: they go in without ON CONFLICT, which would look
-- for each first and mark its row as tentative. positions says so without a lock: that two transactions write the same points at
-- once, or that something else than this function has written them, is rare. Then the unique index refuses, and all is written
-- once more, carefully.
CREATE OR REPLACE FUNCTION fleet.ingest_points(
    served uuid[], epochs bigint[],
    customers uuid[], devices uuid[], fix_times timestamptz[], longitudes float8[], latitudes float8[],
    altitudes real[], speeds real[], courses real[], accuracies real[], batteries real[], received timestamptz[],
    extra text[]) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, public, pg_temp AS $$
DECLARE
    admitted uuid[] := fleet.admit(served, epochs);
    careful boolean := false;
BEGIN
    PERFORM fleet.ensure_partition(d.day)
    FROM (SELECT DISTINCT (t AT TIME ZONE 'UTC')::date AS day FROM unnest(fix_times) AS t) AS d;

    LOOP
        BEGIN
            WITH incoming AS MATERIALIZED (
                SELECT p.customer_id, p.device_id, p.fix_time, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) AS position,
                       p.altitude, p.speed, p.course, p.accuracy, p.battery, p.received_at, p.extras::jsonb AS extras
                FROM (
                    SELECT unnest(customers) AS customer_id, unnest(devices) AS device_id, unnest(fix_times) AS fix_time,
                           unnest(longitudes) AS lon, unnest(latitudes) AS lat, unnest(altitudes) AS altitude,
                           unnest(speeds) AS speed, unnest(courses) AS course, unnest(accuracies) AS accuracy,
                           unnest(batteries) AS battery, unnest(received) AS received_at, unnest(extra) AS extras
                ) AS p
                WHERE p.customer_id = ANY (admitted)
            ), ahead AS MATERIALIZED (
                SELECT o.customer_id, o.device_id
                FROM (SELECT customer_id, device_id, min(fix_time) AS fix_time FROM incoming GROUP BY 1, 2) AS o
                JOIN fleet.positions p USING (customer_id, device_id)
                WHERE o.fix_time > p.fix_time AND NOT careful
            ), latest AS (
                INSERT INTO fleet.positions AS known
                SELECT DISTINCT ON (customer_id, device_id) * FROM incoming
                ORDER BY customer_id, device_id, fix_time DESC
                ON CONFLICT (customer_id, device_id) DO UPDATE SET
                    fix_time = excluded.fix_time, position = excluded.position, altitude = excluded.altitude,
                    speed = excluded.speed, course = excluded.course, accuracy = excluded.accuracy,
                    battery = excluded.battery, received_at = excluded.received_at, extras = excluded.extras
                WHERE excluded.fix_time > known.fix_time
            ), sorted AS MATERIALIZED (
                SELECT DISTINCT ON (customer_id, device_id, fix_time)
                       *, (customer_id, device_id) IN (SELECT customer_id, device_id FROM ahead) AS is_ahead
                FROM incoming ORDER BY customer_id, device_id, fix_time
            ), plainly AS (
                INSERT INTO fleet.points
                SELECT customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras
                FROM sorted WHERE is_ahead
            )
            INSERT INTO fleet.points
            SELECT customer_id, device_id, fix_time, position, altitude, speed, course, accuracy, battery, received_at, extras
            FROM sorted WHERE NOT is_ahead
            ON CONFLICT DO NOTHING;
            RETURN admitted;
        EXCEPTION WHEN unique_violation THEN
            IF careful THEN
                RAISE;
            END IF;
            careful := true;
        END;
    END LOOP;
END $$;
