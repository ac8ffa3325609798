-- What was fetched from a home that was lost and came back, part by part, each noted in the transaction that wrote its rows:
-- a part is fetched once, however often that is tried, since what has been changed here afterwards is newer. The home is
-- told by its database and the epoch at which the customer has been away there, from which on its rows do not change.
CREATE TABLE fleet.reconciliations (
    customer_id  uuid NOT NULL REFERENCES fleet.customers ON DELETE CASCADE,
    source       uuid NOT NULL,
    epoch        bigint NOT NULL,
    part         text NOT NULL,
    outcome      jsonb NOT NULL,
    PRIMARY KEY (customer_id, source, epoch, part)
);
ALTER TABLE fleet.reconciliations ENABLE ROW LEVEL SECURITY;
