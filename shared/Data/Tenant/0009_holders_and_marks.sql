-- A fence belongs to the attempt that closed it: the attempt's token. An attempt that was thought dead and wakes up finds that
-- another holds the fence, or nobody, and can hand over nothing: what it has copied may be older than what was written since.
--
-- The mark says up to which moment of the database that serves the customer a customer who is away has arrived here. It is kept
-- with the rows, in one transaction with them, and rounds take turns at this row: none that begins later knows less.
ALTER TABLE fleet.customers
    ADD COLUMN fence      uuid,
    ADD COLUMN fenced_at  timestamptz,
    ADD COLUMN mark       text;

DROP FUNCTION fleet.fence, fleet.release, fleet.hand_over;

-- Ends writes. It waits for those that have begun: when it has committed, what is there is all there will be. A fence that
-- another attempt closed passes to this one.
CREATE FUNCTION fleet.fence(customer uuid, at_epoch bigint, holder uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET writable = false, fence = holder,
        fenced_at = CASE WHEN writable THEN clock_timestamp() ELSE fenced_at END
    WHERE customer_id = customer AND epoch = at_epoch AND NOT away;
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('be fenced at epoch %s', at_epoch));
    END IF;
END $$;

-- Takes writes again, when nothing came of moving.
CREATE FUNCTION fleet.release(customer uuid, at_epoch bigint, holder uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET writable = true, fence = NULL, fenced_at = NULL
    WHERE customer_id = customer AND epoch = at_epoch AND NOT away AND (writable OR fence = holder);
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('be released at epoch %s', at_epoch));
    END IF;
END $$;

-- Takes writes again where whoever closed the fence has not been heard of for so long, and answers whether that was so. Its
-- token is worth nothing afterwards.
CREATE FUNCTION fleet.release_forgotten(customer uuid, age interval) RETURNS boolean
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET writable = true, fence = NULL, fenced_at = NULL
    WHERE customer_id = customer AND NOT writable AND NOT away AND fenced_at < clock_timestamp() - age;
    RETURN FOUND;
END $$;

-- Gives a fenced customer away: from here on, callers at its epoch learn that it has moved. There is no way back but taking
-- over at a higher epoch. What is written elsewhere has not arrived here yet, whatever had before.
CREATE FUNCTION fleet.hand_over(customer uuid, at_epoch bigint, holder uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = fleet, pg_temp AS $$
BEGIN
    UPDATE fleet.customers SET epoch = at_epoch + 1, away = true, mark = CASE WHEN away THEN mark END
    WHERE customer_id = customer AND NOT writable AND fence = holder
      AND ((epoch = at_epoch AND NOT away) OR (epoch = at_epoch + 1 AND away));
    IF NOT FOUND THEN
        PERFORM fleet.refuse_epoch(customer, format('be handed over at epoch %s', at_epoch));
    END IF;
END $$;

REVOKE ALL ON FUNCTION fleet.fence, fleet.release, fleet.release_forgotten, fleet.hand_over FROM PUBLIC;
