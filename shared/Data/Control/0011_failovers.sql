-- The failover of a whole server.
CREATE TABLE server_failovers (
    operation_id  uuid PRIMARY KEY REFERENCES operations,
    server_id     uuid NOT NULL REFERENCES servers,
    reason        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- A tenant whose home is lost is served from another one, and its rows are brought there afterwards. Whoever wants anything else
-- of it (cancel, give the old home up, another failover) changes its state here first.
CREATE TABLE failovers (
    operation_id      uuid PRIMARY KEY REFERENCES operations,
    tenant_id         uuid NOT NULL REFERENCES tenants,
    -- The failover of a server of which it is a part.
    part_of           uuid REFERENCES server_failovers,
    state             text NOT NULL,
    reason            text NOT NULL,
    -- Of tenants who wait, the one with the larger number comes first.
    importance        integer NOT NULL,
    source_home       bigint NOT NULL,
    -- The source's database, which the report names when it is long forgotten.
    source_database   uuid NOT NULL,
    target_home       bigint NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    turn_taken_at     timestamptz,
    switched_at       timestamptz,
    restored_at       timestamptz,
    ended_at          timestamptz,
    -- What its steps have found out, by the step's name.
    facts             jsonb NOT NULL DEFAULT '{}',
    FOREIGN KEY (tenant_id, source_home) REFERENCES homes,
    FOREIGN KEY (tenant_id, target_home) REFERENCES homes
);
CREATE UNIQUE INDEX failovers_one_at_a_time ON failovers (tenant_id) WHERE ended_at IS NULL;
CREATE INDEX failovers_by_server ON failovers (part_of) WHERE part_of IS NOT NULL;

-- The homes that a tenant has left behind in a failover, and which the failover looks after: one that has served is fenced and
-- compared when it answers again, and all are removed. A failover that takes the place of another, or of a migration, takes
-- its homes over.
CREATE TABLE homes_left (
    tenant_id     uuid NOT NULL,
    home          bigint NOT NULL,
    operation_id  uuid NOT NULL REFERENCES failovers,
    served        boolean NOT NULL,
    outcome       text NOT NULL,
    outcome_at    timestamptz,
    report        jsonb,
    removed_at    timestamptz,
    PRIMARY KEY (tenant_id, home),
    FOREIGN KEY (tenant_id, home) REFERENCES homes
);
CREATE INDEX homes_left_by_failover ON homes_left (operation_id);
