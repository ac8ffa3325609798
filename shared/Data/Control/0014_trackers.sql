-- A device may be a gateway: trackers post with its token that call themselves by different names. The first name seen, and
-- whoever gives none, is the device itself; every other name is a device of its own without a token.
ALTER TABLE devices
    ADD COLUMN ident       text,
    ADD COLUMN gateway_id  uuid REFERENCES devices,
    ALTER COLUMN token_hash DROP NOT NULL,
    ADD CHECK ((token_hash IS NULL) = (gateway_id IS NOT NULL)),
    ADD CHECK (gateway_id IS NULL OR ident IS NOT NULL);
CREATE UNIQUE INDEX devices_by_gateway ON devices (gateway_id, ident) WHERE gateway_id IS NOT NULL;
