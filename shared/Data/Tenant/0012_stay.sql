-- Serves a customer who has not been handed over at a newer epoch, where no attempt to fence or hand it over at the old one
-- reaches it, however late. One build had it in 0009 already.
CREATE OR REPLACE FUNCTION fleet.stay(customer uuid, at_epoch bigint, next_epoch bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET epoch = next_epoch, writable = true, fence = NULL, fenced_at = NULL
    WHERE customer_id = customer AND NOT away AND (epoch = at_epoch OR (epoch = next_epoch AND writable));
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('stay at epoch %s', at_epoch));
    END IF;
END $$;

REVOKE ALL ON FUNCTION fleet.stay FROM PUBLIC;
