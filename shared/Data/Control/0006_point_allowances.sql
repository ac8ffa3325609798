-- How many points each tenant may still send, over all instances. What is lost in a crash is at most a minute's worth of
-- every tenant's rate, which is not worth a write-ahead log.
CREATE UNLOGGED TABLE point_allowances (
    tenant_id  uuid PRIMARY KEY,
    rate       double precision NOT NULL,
    burst      double precision NOT NULL,
    balance    double precision NOT NULL,
    shared_at  timestamptz NOT NULL
);
