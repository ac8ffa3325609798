-- What has been made for a tenant somewhere, or is being made, is a home of the tenant. Its number is the epoch at which it
-- serves first, if it ever does, and everything in it is named after that number. The tenant has one placement, which says which
-- home serves it. A tenant that moves has two homes, and one that has moved back is served, at a newer epoch, from a home with
-- an older number. Homes that are gone keep their rows, so that no number, and no name, is ever used twice.
CREATE TABLE homes (
    tenant_id    uuid NOT NULL REFERENCES tenants,
    number       bigint NOT NULL CHECK (number > 0),
    plan         text NOT NULL,
    mode         text NOT NULL,
    provider     text NOT NULL,
    region       text NOT NULL,
    server_id    uuid REFERENCES servers,
    database_id  uuid REFERENCES databases,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, number)
);
CREATE INDEX homes_by_database ON homes (database_id);
INSERT INTO homes (tenant_id, number, plan, mode, provider, region, server_id, database_id)
SELECT p.tenant_id, p.epoch, t.plan, p.mode, p.provider, p.region, p.server_id, p.database_id
FROM placements p JOIN tenants t ON t.id = p.tenant_id;

ALTER TABLE placements ADD COLUMN home bigint;
UPDATE placements SET home = epoch;
ALTER TABLE placements
    ALTER COLUMN home SET NOT NULL,
    ADD FOREIGN KEY (tenant_id, home) REFERENCES homes,
    DROP COLUMN mode,
    DROP COLUMN provider,
    DROP COLUMN region,
    DROP COLUMN server_id,
    DROP COLUMN database_id;

-- A slot belongs to a home. One that is reserved for a move is free again, for whoever asks, when the reservation has run out.
ALTER TABLE server_slots ADD COLUMN home bigint, ADD COLUMN reserved_until timestamptz;
UPDATE server_slots l SET home = p.home FROM placements p WHERE p.tenant_id = l.tenant_id;
ALTER TABLE server_slots
    DROP CONSTRAINT server_slots_tenant_id_key,
    ADD UNIQUE (tenant_id, home),
    ADD CHECK ((tenant_id IS NULL) = (home IS NULL)),
    ADD CHECK (tenant_id IS NOT NULL OR reserved_until IS NULL);

-- The operation that made the home; absent when that was before homes were counted.
ALTER TABLE homes ADD COLUMN operation_id uuid REFERENCES operations;

-- A tenant on its way from one home to another. Whoever wants it to go another way (cancel, commit, roll back, the deadline)
-- changes its state here first: of two who want different things, one finds that it is too late.
CREATE TABLE moves (
    operation_id    uuid PRIMARY KEY REFERENCES operations,
    tenant_id       uuid NOT NULL REFERENCES tenants,
    kind            text NOT NULL,
    state           text NOT NULL,
    epoch           bigint NOT NULL,
    source_home     bigint NOT NULL,
    target_home     bigint NOT NULL,
    retained_since  date,
    turn_taken_at   timestamptz,
    keep_until      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,
    FOREIGN KEY (tenant_id, source_home) REFERENCES homes,
    FOREIGN KEY (tenant_id, target_home) REFERENCES homes
);
CREATE UNIQUE INDEX moves_one_at_a_time ON moves (tenant_id) WHERE ended_at IS NULL;

-- A step may consist of parts, each an activity of its own.
ALTER TABLE operation_steps ADD COLUMN part_of text;
