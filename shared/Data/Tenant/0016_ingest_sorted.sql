-- As before, for a quarter less: the points are sorted once, by the key of the table, and each device's newest and oldest are read
-- from that; before, the newest were found by a sort of their own. Who calls with the points in that order spares most of the
-- sort. Of points of one device and time, the one that was received first stays, as in the replay of a journal.
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
                SELECT DISTINCT ON (p.customer_id, p.device_id, p.fix_time)
                       p.customer_id, p.device_id, p.fix_time, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326) AS position,
                       p.altitude, p.speed, p.course, p.accuracy, p.battery, p.received_at, p.extras::jsonb AS extras
                FROM (
                    SELECT unnest(customers) AS customer_id, unnest(devices) AS device_id, unnest(fix_times) AS fix_time,
                           unnest(longitudes) AS lon, unnest(latitudes) AS lat, unnest(altitudes) AS altitude,
                           unnest(speeds) AS speed, unnest(courses) AS course, unnest(accuracies) AS accuracy,
                           unnest(batteries) AS battery, unnest(received) AS received_at, unnest(extra) AS extras
                ) AS p
                WHERE p.customer_id = ANY (admitted)
                ORDER BY p.customer_id, p.device_id, p.fix_time, p.received_at
            ), spoken AS MATERIALIZED (
                SELECT o.customer_id, o.device_id, o.newest,
                       coalesce(o.oldest > p.fix_time, false) AND NOT careful AS is_ahead
                FROM (
                    SELECT customer_id, device_id, min(fix_time) AS oldest, max(fix_time) AS newest
                    FROM incoming GROUP BY customer_id, device_id
                ) AS o
                LEFT JOIN fleet.positions p USING (customer_id, device_id)
            ), latest AS (
                INSERT INTO fleet.positions AS known
                SELECT i.* FROM incoming i
                JOIN spoken s ON (i.customer_id, i.device_id, i.fix_time) = (s.customer_id, s.device_id, s.newest)
                ORDER BY i.customer_id, i.device_id
                ON CONFLICT (customer_id, device_id) DO UPDATE SET
                    fix_time = excluded.fix_time, position = excluded.position, altitude = excluded.altitude,
                    speed = excluded.speed, course = excluded.course, accuracy = excluded.accuracy,
                    battery = excluded.battery, received_at = excluded.received_at, extras = excluded.extras
                WHERE excluded.fix_time > known.fix_time
            ), plainly AS (
                INSERT INTO fleet.points
                SELECT i.* FROM incoming i JOIN spoken s USING (customer_id, device_id) WHERE s.is_ahead
            )
            INSERT INTO fleet.points
            SELECT i.* FROM incoming i JOIN spoken s USING (customer_id, device_id) WHERE NOT s.is_ahead
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

-- Each device's row is updated with nearly every call. With room in its page for a second version, no index has to know of it.
ALTER TABLE fleet.positions SET (fillfactor = 50);
