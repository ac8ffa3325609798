-- Which tenants' points are in which blob of the journal, by the time of their receipt.
CREATE TABLE journal_entries (
    tenant_id       uuid NOT NULL REFERENCES tenants,
    blob            text NOT NULL,
    first_received  timestamptz NOT NULL,
    last_received   timestamptz NOT NULL,
    points          integer NOT NULL,
    PRIMARY KEY (tenant_id, blob)
);
CREATE INDEX journal_entries_by_time ON journal_entries (tenant_id, last_received);
