-- The control database: who the customers are, where each one lives, and what is being done about it.

CREATE TABLE tenants (
    id              uuid PRIMARY KEY,
    company         text NOT NULL,
    email           text NOT NULL,
    plan            text NOT NULL,
    state           text NOT NULL,
    signup          jsonb NOT NULL,
    recommendation  jsonb NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenants_by_state ON tenants (state, created_at);

-- Every PostgreSQL database that holds tenants' data. Passwords are in secrets, under names made from database_id.
CREATE TABLE databases (
    id          uuid PRIMARY KEY,
    host        text NOT NULL,
    port        integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    name        text NOT NULL,
    admin_user  text NOT NULL,
    ssl_mode    text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (host, port, name)
);

CREATE TABLE servers (
    id                      uuid PRIMARY KEY,
    name                    text NOT NULL UNIQUE,
    provider_server_number  bigint NOT NULL UNIQUE,
    region                  text NOT NULL,
    address                 inet NOT NULL,
    state                   text NOT NULL,
    database_id             uuid NOT NULL REFERENCES databases,
    created_at              timestamptz NOT NULL DEFAULT now()
);

-- One row a slot: a server can never hold more tenants than it has rows here, whatever runs at the same time.
CREATE TABLE server_slots (
    server_id    uuid NOT NULL REFERENCES servers ON DELETE CASCADE,
    slot         integer NOT NULL CHECK (slot BETWEEN 1 AND 150),
    tenant_id    uuid UNIQUE REFERENCES tenants,
    reserved_at  timestamptz,
    PRIMARY KEY (server_id, slot),
    CHECK ((tenant_id IS NULL) = (reserved_at IS NULL))
);
CREATE INDEX server_slots_free ON server_slots (server_id, slot) WHERE tenant_id IS NULL;

-- Exactly one row a tenant. The epoch only grows: whoever holds an older one may no longer write.
CREATE TABLE placements (
    tenant_id    uuid PRIMARY KEY REFERENCES tenants,
    epoch        bigint NOT NULL CHECK (epoch > 0),
    mode         text NOT NULL,
    provider     text NOT NULL,
    region       text NOT NULL,
    hostname     text NOT NULL UNIQUE,
    state        text NOT NULL,
    server_id    uuid REFERENCES servers,
    database_id  uuid REFERENCES databases,
    updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION placement_epoch_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch < OLD.epoch THEN
        RAISE EXCEPTION 'placement of tenant %: epoch % would go back to %', OLD.tenant_id, OLD.epoch, NEW.epoch;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER placement_epoch_only_grows BEFORE UPDATE ON placements
    FOR EACH ROW EXECUTE FUNCTION placement_epoch_only_grows();

CREATE TABLE secrets (
    name        text PRIMARY KEY,
    ciphertext  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    hash        bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id);

CREATE TABLE devices (
    id          uuid PRIMARY KEY,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    name        text NOT NULL,
    token_hash  bytea NOT NULL UNIQUE,
    speed_unit  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
CREATE INDEX devices_by_tenant ON devices (tenant_id);
