-- What each tenant stored when it was last measured. The limits follow from its plan.
CREATE TABLE tenant_storage (
    tenant_id    uuid PRIMARY KEY REFERENCES tenants,
    points       bigint NOT NULL,
    bytes        bigint NOT NULL,
    over_quota   boolean NOT NULL,
    measured_at  timestamptz NOT NULL DEFAULT now()
);

-- An approved order goes on as an operation; a further one takes it up when that failed. What is learned on the way is kept
-- here. The token lets the installed server say where its database is, once; only its hash is stored.
ALTER TABLE server_orders
    ADD COLUMN operation_id     uuid REFERENCES operations,
    ADD COLUMN monthly_ceiling  numeric(10, 2),
    ADD COLUMN setup_ceiling    numeric(10, 2),
    ADD COLUMN transaction_id   text,
    ADD COLUMN server_number    integer,
    ADD COLUMN server_ip        inet,
    ADD COLUMN database_id      uuid REFERENCES databases,
    ADD COLUMN token_hash       bytea UNIQUE;

-- The Redis that a shared server's tenants share, each behind a user of its own; a server may have none.
ALTER TABLE servers
    ADD COLUMN redis_host  text,
    ADD COLUMN redis_port  integer CHECK (redis_port BETWEEN 1 AND 65535),
    ADD COLUMN redis_user  text,
    ADD COLUMN redis_certificate_sha256  text,
    ADD CHECK (num_nulls(redis_host, redis_port, redis_user) IN (0, 3));
ALTER TABLE server_orders ADD COLUMN redis jsonb;
