-- How much each customer has stored: points, and bytes as the customer's share, by points, of each partition with its indexes,
-- and the text of what is in quarantine.
CREATE FUNCTION fleet.measure_customers() RETURNS TABLE (customer_id uuid, points bigint, bytes bigint)
    LANGUAGE sql STABLE SET search_path = fleet, pg_temp AS $$
    WITH counted AS (
        SELECT p.tableoid AS part, p.customer_id, count(*) AS points FROM fleet.points p GROUP BY 1, 2
    ), shared AS (
        SELECT c.customer_id, c.points,
               pg_total_relation_size(c.part) * c.points / sum(c.points) OVER (PARTITION BY c.part) AS bytes
        FROM counted c
    ), quarantined AS (
        SELECT q.customer_id, sum(octet_length(q.raw)) AS bytes FROM fleet.quarantine q GROUP BY 1
    )
    SELECT c.customer_id,
           coalesce((SELECT sum(s.points) FROM shared s WHERE s.customer_id = c.customer_id), 0)::bigint,
           (coalesce((SELECT sum(s.bytes) FROM shared s WHERE s.customer_id = c.customer_id), 0)
            + coalesce((SELECT q.bytes FROM quarantined q WHERE q.customer_id = c.customer_id), 0))::bigint
    FROM fleet.customers c
$$;
REVOKE ALL ON FUNCTION fleet.measure_customers() FROM PUBLIC;
