-- One row an orchestration. It is written before the orchestration is started and holds all that is needed to start it,
-- so that a process dying in between leaves something to go on with.
CREATE TABLE operations (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL,
    tenant_id     uuid REFERENCES tenants,
    orchestrator  text NOT NULL,
    input         jsonb NOT NULL,
    state         text NOT NULL,
    error         jsonb,
    figures       jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE INDEX operations_by_tenant ON operations (tenant_id, created_at DESC);
CREATE INDEX operations_by_time ON operations (created_at DESC, id);
CREATE INDEX operations_unfinished ON operations (state, created_at) WHERE finished_at IS NULL;

CREATE TABLE operation_steps (
    operation_id  uuid NOT NULL REFERENCES operations ON DELETE CASCADE,
    number        integer NOT NULL,
    name          text NOT NULL,
    title         text NOT NULL,
    state         text NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    detail        text,
    started_at    timestamptz,
    finished_at   timestamptz,
    PRIMARY KEY (operation_id, number),
    UNIQUE (operation_id, name)
);

-- The same webhook delivered again finds its first answer here.
CREATE TABLE webhook_deliveries (
    source        text NOT NULL,
    webhook_id    text NOT NULL,
    tenant_id     uuid NOT NULL REFERENCES tenants,
    operation_id  uuid NOT NULL REFERENCES operations,
    received_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, webhook_id)
);

-- An alert is about one subject. While it is open it is raised once, however often it is noticed.
CREATE TABLE alerts (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind         text NOT NULL,
    subject      text NOT NULL,
    message      text NOT NULL,
    raised_at    timestamptz NOT NULL DEFAULT now(),
    resolved_at  timestamptz
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL;
CREATE INDEX alerts_by_time ON alerts (raised_at DESC);

-- A server that should be ordered. Nothing is bought before an operator approves.
CREATE TABLE server_orders (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    product           text NOT NULL,
    location          text NOT NULL,
    state             text NOT NULL,
    reason            text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX server_orders_open ON server_orders (location) WHERE state = 'awaiting-approval';
