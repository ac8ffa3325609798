-- How a customer leaves one database and arrives in another. At any moment at most one of them takes its writes, whatever the
-- program that moves it does, in whatever order, how often and however late:
--
--     served  --fence-->  fenced  --hand over-->  away  --take over-->  served (at a higher epoch)
--     served  <-release-  fenced
--
-- A customer that is away is expected or has left: nothing but taking over, at an epoch not below the row's, has it served.
ALTER TABLE fleet.customers
    ADD COLUMN away boolean NOT NULL DEFAULT false,
    ADD CHECK (NOT (writable AND away));

CREATE FUNCTION fleet.refuse_epoch(customer uuid, asked text) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
DECLARE
    known fleet.customers;
BEGIN
    SELECT * INTO known FROM fleet.customers WHERE customer_id = customer;
    RAISE EXCEPTION 'customer % cannot %: it is % here at epoch %', customer, asked,
        CASE WHEN known.writable THEN 'served' WHEN known.away THEN 'away' WHEN known IS NULL THEN 'unknown' ELSE 'fenced' END,
        coalesce(known.epoch, 0) USING ERRCODE = 'WH001';
END $$;

-- Ends writes. It waits for those that have begun: when it has committed, what is there is all there will be.
CREATE FUNCTION fleet.fence(customer uuid, at_epoch bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET writable = false WHERE customer_id = customer AND epoch = at_epoch AND NOT away;
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('be fenced at epoch %s', at_epoch));
    END IF;
END $$;

-- Takes writes again, when nothing came of moving.
CREATE FUNCTION fleet.release(customer uuid, at_epoch bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET writable = true WHERE customer_id = customer AND epoch = at_epoch AND NOT away;
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('be released at epoch %s', at_epoch));
    END IF;
END $$;

-- Gives a fenced customer away: from here on, callers at its epoch learn that it has moved. There is no way back but taking
-- over at a higher epoch.
CREATE FUNCTION fleet.hand_over(customer uuid, at_epoch bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET epoch = at_epoch + 1, away = true
    WHERE customer_id = customer AND NOT writable
      AND ((epoch = at_epoch AND NOT away) OR (epoch = at_epoch + 1 AND away));
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('be handed over at epoch %s', at_epoch));
    END IF;
END $$;

-- Serves a customer that was away.
CREATE FUNCTION fleet.take_over(customer uuid, at_epoch bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET epoch = at_epoch, away = false, writable = true
    WHERE customer_id = customer AND ((away AND epoch <= at_epoch) OR (writable AND epoch = at_epoch));
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('be taken over at epoch %s', at_epoch));
    END IF;
END $$;

-- The parts of an export that have arrived, so that an import that was killed goes on behind them.
CREATE TABLE fleet.arrived_chunks (
    customer_id  uuid NOT NULL REFERENCES fleet.customers ON DELETE CASCADE,
    chunk        text NOT NULL,
    PRIMARY KEY (customer_id, chunk)
);
ALTER TABLE fleet.arrived_chunks ENABLE ROW LEVEL SECURITY;

REVOKE ALL ON FUNCTION fleet.refuse_epoch, fleet.fence, fleet.release, fleet.hand_over, fleet.take_over FROM PUBLIC;
