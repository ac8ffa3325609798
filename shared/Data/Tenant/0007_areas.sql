-- A customer's points within an area, of one device or of all, by fix time and device, behind a cursor.
--
-- Row-level security has the planner test whose row it is before anything that is not leakproof, and PostGIS's operators
-- are not: under it no condition on the position can use an index. So this function, as the tables' owner, states the
-- customer itself; the caller cannot choose it. The area may then use the index on the position that each finished day has,
-- or the key, whichever reads less; the plan is made anew for every call, since that depends on the area.
CREATE FUNCTION fleet.points_within(
    area geometry, device uuid, from_time timestamptz, to_time timestamptz, after_time timestamptz, after_device uuid,
    most integer)
    RETURNS TABLE (device_id uuid, fix_time timestamptz, "position" geometry, altitude real, speed real, course real,
                   accuracy real, battery real, extras jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10000
    SET search_path = fleet, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    mine uuid := fleet.current_customer();
BEGIN
    RETURN QUERY
    SELECT p.device_id, p.fix_time, p.position, p.altitude, p.speed, p.course, p.accuracy, p.battery, p.extras
    FROM fleet.points p
    WHERE p.customer_id = mine AND (device IS NULL OR p.device_id = device) AND ST_Intersects(p.position, area)
      AND p.fix_time >= greatest(from_time, after_time) AND p.fix_time < to_time
      AND (after_time IS NULL OR (p.fix_time, p.device_id) > (after_time, after_device))
    ORDER BY p.fix_time, p.device_id LIMIT most;
END $$;
REVOKE ALL ON FUNCTION fleet.points_within FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fleet.points_within TO "$tenants$";
