-- What should be failed over, since its database does not serve: a server with all its tenants, or the tenant whose own
-- database it is. One a loss: the same database is proposed again only when it has answered in between. The operation
-- that a proposal ends in has the proposal's id, so that starting it twice is starting it once.
CREATE TABLE failover_proposals (
    id           uuid PRIMARY KEY,
    database_id  uuid NOT NULL,
    server_id    uuid REFERENCES servers,
    tenant_id    uuid REFERENCES tenants,
    state        text NOT NULL,
    reason       text NOT NULL,
    -- Approved by the settings, not by an operator.
    unattended   boolean NOT NULL,
    lost_since   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    approved_at  timestamptz,
    ended_at     timestamptz,
    -- Why it could not be started when it was approved last.
    refusal      text,
    UNIQUE (database_id, lost_since),
    CHECK (num_nonnulls(server_id, tenant_id) = 1)
);
CREATE INDEX failover_proposals_by_time ON failover_proposals (created_at DESC);
CREATE INDEX failover_proposals_pending ON failover_proposals (state) WHERE ended_at IS NULL;
