-- As 0007 has it, but from the beginning of the time in slices, each eight times as long as the one before, until there are
-- enough points: whoever reads a wide area page by page does not have all that is behind the page read and sorted every time.
-- After a slice without any, the rest is read at once: there is little in the area.
--
-- A slice is read by the index on the position or by the key, a device after the other, whichever the planner takes to be
-- less; for that it must know the devices, and each that has a point has a position.
CREATE OR REPLACE FUNCTION fleet.points_within(
    area geometry, device uuid, from_time timestamptz, to_time timestamptz, after_time timestamptz, after_device uuid,
    most integer)
    RETURNS TABLE (device_id uuid, fix_time timestamptz, "position" geometry, altitude real, speed real, course real,
                   accuracy real, battery real, extras jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10000
    SET search_path = fleet, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    mine uuid := fleet.current_customer();
    missing integer := most;
    width interval := '5 minutes';
    first timestamptz := greatest(from_time, after_time);
    beyond timestamptz;
    taken integer;
BEGIN
    WHILE missing > 0 AND first < to_time LOOP
        -- One device's points lie in the order of time already.
        beyond := CASE WHEN device IS NULL AND isfinite(first) AND width < '1 year' THEN least(first + width, to_time)
                       ELSE to_time END;
        RETURN QUERY
        SELECT p.device_id, p.fix_time, p.position, p.altitude, p.speed, p.course, p.accuracy, p.battery, p.extras
        FROM fleet.positions d
        JOIN fleet.points p ON p.customer_id = mine AND p.device_id = d.device_id
        WHERE d.customer_id = mine AND (device IS NULL OR d.device_id = device) AND ST_Intersects(p.position, area)
          AND p.fix_time >= first AND p.fix_time < beyond
          AND (after_time IS NULL OR (p.fix_time, p.device_id) > (after_time, after_device))
        ORDER BY p.fix_time, p.device_id LIMIT missing;
        GET DIAGNOSTICS taken = ROW_COUNT;
        missing := missing - taken;
        first := beyond;
        width := CASE WHEN taken > 0 THEN width * 8 END;
    END LOOP;
END $$;
