-- Tenants' backups. They belong to the tenant, not to a home: nothing here refers to a database that may be lost. A backup that
-- has expired keeps its row until the last file that was written for it is gone, since later backups may refer to such files.
-- No file is ever deleted on behalf of a backup that is not known here.
CREATE TABLE backups (
    id            uuid PRIMARY KEY,
    tenant_id     uuid NOT NULL REFERENCES tenants,
    state         text NOT NULL,
    reason        text NOT NULL,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    row_count     bigint,
    bytes         bigint,
    copied_bytes  bigint,
    -- When it was last restored and compared, and what was wrong; never restored when both are null.
    verified_at   timestamptz,
    fault         text,
    -- Somebody reads its files until then at the latest.
    held_until    timestamptz
);
CREATE INDEX backups_by_tenant ON backups (tenant_id, started_at DESC);
CREATE UNIQUE INDEX backups_one_at_a_time ON backups (tenant_id) WHERE state = 'running';

-- What is removed from the journal is looked up by blob.
CREATE INDEX journal_entries_by_blob ON journal_entries (blob);
