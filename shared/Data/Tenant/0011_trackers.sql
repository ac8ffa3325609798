-- Trackers that post through another device: behind which one, and what they call themselves. A quarantined message keeps the
-- name as well, since what is kept of the message need not hold it.
ALTER TABLE fleet.devices ADD COLUMN gateway_id uuid, ADD COLUMN ident text, ADD CHECK ((gateway_id IS NULL) = (ident IS NULL));
ALTER TABLE fleet.quarantine ADD COLUMN ident text;

-- Makes devices of trackers that have none yet, as ingest_points does for points, and before it in the same transaction.
CREATE FUNCTION fleet.ingest_trackers(
    served uuid[], epochs bigint[], customers uuid[], devices uuid[], gateways uuid[], idents text[]) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
DECLARE
    admitted uuid[] := fleet.admit(served, epochs);
BEGIN
    INSERT INTO fleet.devices (customer_id, device_id, name, gateway_id, ident)
    SELECT DISTINCT t.customer_id, t.device_id, t.ident, t.gateway_id, t.ident
    FROM unnest(customers, devices, gateways, idents) AS t (customer_id, device_id, gateway_id, ident)
    WHERE t.customer_id = ANY (admitted)
    ORDER BY t.customer_id, t.device_id
    ON CONFLICT DO NOTHING;
    RETURN admitted;
END $$;

DROP FUNCTION fleet.ingest_quarantine;
CREATE FUNCTION fleet.ingest_quarantine(
    served uuid[], epochs bigint[], customers uuid[], devices uuid[], received timestamptz[], reasons text[],
    protocols text[], raws text[], idents text[]) RETURNS uuid[]
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
DECLARE
    admitted uuid[] := fleet.admit(served, epochs);
BEGIN
    INSERT INTO fleet.quarantine (customer_id, device_id, received_at, digest, reason, protocol, raw, ident)
    SELECT q.customer_id, q.device_id, q.received_at, sha256(convert_to(q.raw, 'UTF8')), q.reason, q.protocol, q.raw, q.ident
    FROM unnest(customers, devices, received, reasons, protocols, raws, idents)
         AS q (customer_id, device_id, received_at, reason, protocol, raw, ident)
    WHERE q.customer_id = ANY (admitted)
    ON CONFLICT DO NOTHING;
    RETURN admitted;
END $$;

REVOKE ALL ON FUNCTION fleet.ingest_trackers, fleet.ingest_quarantine FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fleet.ingest_trackers, fleet.ingest_quarantine TO "$ingest$";
