-- Removes quarantined messages of the running transaction's customer, and answers whether it did: not while the customer's rows
-- are held (0005). It has begun a write, so holding them waits for this to end.
CREATE FUNCTION fleet.remove_quarantined(received timestamptz[], devices uuid[], digests bytea[]) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
DECLARE
    mine uuid := fleet.current_customer();
BEGIN
    IF EXISTS (SELECT FROM fleet.customers WHERE customer_id = mine AND held_since IS NOT NULL) THEN
        RETURN false;
    END IF;
    DELETE FROM fleet.quarantine q
    USING unnest(received, devices, digests) AS gone (at, device, digest)
    WHERE q.customer_id = mine AND q.device_id = gone.device AND q.received_at = gone.at AND q.digest = gone.digest;
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION fleet.remove_quarantined FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fleet.remove_quarantined TO "$tenants$";
REVOKE DELETE ON fleet.quarantine FROM "$tenants$";
