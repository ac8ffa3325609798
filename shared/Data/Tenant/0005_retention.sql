-- Since when nothing of the customer's may be deleted for its age, because its rows are being moved: moving compares both
-- sides and carries no deletion of points. Whoever moves a customer sets it before copying begins, on both sides, and
-- clears it when the move is settled one way or the other.
ALTER TABLE fleet.customers ADD COLUMN held_since timestamptz;

-- The partitions of points, with the times that they hold: from first on, before beyond.
CREATE FUNCTION fleet.point_partitions() RETURNS TABLE (name regclass, first timestamptz, beyond timestamptz)
    LANGUAGE sql STABLE SET search_path = fleet, pg_temp SET DateStyle = 'ISO, YMD' AS $$
    SELECT c.oid::regclass, bound.parts[1]::timestamptz, bound.parts[2]::timestamptz
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''(.*)''\) TO \(''(.*)''\)') AS bound (parts)
    WHERE i.inhparent = 'fleet.points'::regclass
$$;

CREATE FUNCTION fleet.drop_points(part regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TABLE %s', part);
END $$;

-- Drops the oldest partition in which nobody has a point to keep, and answers its name; null when there is none. Of the
-- arrays, element i of both says that customer i keeps points from a time on; whoever is not named, or is being moved,
-- keeps all.
CREATE FUNCTION fleet.expire_partition(customers uuid[], cutoffs timestamptz[]) RETURNS text
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
DECLARE
    part record;
    kept boolean;
BEGIN
    FOR part IN SELECT * FROM fleet.point_partitions() p WHERE p.beyond <= ALL (cutoffs) ORDER BY p.first LOOP
        -- Whoever has no row here loses none. The look is repeated when nobody can write any more, hence the loop's two
        -- turns.
        FOR turn IN 1..2 LOOP
            SELECT EXISTS (
                SELECT FROM fleet.customers c LEFT JOIN unnest(customers) AS named (customer_id) USING (customer_id)
                WHERE (named.customer_id IS NULL OR NOT c.writable OR c.held_since IS NOT NULL)
                  AND EXISTS (SELECT FROM fleet.points p WHERE p.customer_id = c.customer_id
                              AND p.fix_time >= part.first AND p.fix_time < part.beyond)) INTO kept;
            EXIT WHEN kept OR turn = 2;
            PERFORM FROM fleet.customers FOR SHARE;
            LOCK TABLE ONLY fleet.points IN ACCESS EXCLUSIVE MODE;
        END LOOP;
        IF NOT kept THEN
            PERFORM fleet.drop_points(part.name);
            RETURN part.name::text;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Deletes at most so many of a customer's points and quarantined messages from before a time, and answers how many; null
-- when the customer is being moved or is not served here. Holding the customer's row has a move wait for this to end.
CREATE FUNCTION fleet.expire_points(customer uuid, cutoff timestamptz, most integer) RETURNS integer
    LANGUAGE plpgsql SET search_path = fleet, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    part record;
    deleted integer;
    total integer := 0;
BEGIN
    PERFORM FROM fleet.customers WHERE customer_id = customer AND writable AND held_since IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOR part IN SELECT p.first, least(p.beyond, cutoff) AS beyond FROM fleet.point_partitions() p
                WHERE p.first < cutoff ORDER BY p.first LOOP
        EXIT WHEN total >= most;
        DELETE FROM fleet.points p
        WHERE p.customer_id = customer AND p.fix_time >= part.first AND p.fix_time < part.beyond
          AND (p.device_id, p.fix_time) IN (
            SELECT o.device_id, o.fix_time FROM fleet.points o
            WHERE o.customer_id = customer AND o.fix_time >= part.first AND o.fix_time < part.beyond LIMIT most - total);
        GET DIAGNOSTICS deleted = ROW_COUNT;
        total := total + deleted;
    END LOOP;
    DELETE FROM fleet.quarantine q
    WHERE q.ctid = ANY (ARRAY(
        SELECT o.ctid FROM fleet.quarantine o
        WHERE o.customer_id = customer AND o.received_at < cutoff LIMIT greatest(most - total, 0)));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN total + deleted;
END $$;

REVOKE ALL ON FUNCTION fleet.point_partitions, fleet.drop_points, fleet.expire_partition, fleet.expire_points FROM PUBLIC;
