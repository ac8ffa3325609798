-- What the watch has seen of the databases that serve tenants: a row for every time in which a database was in one state.
-- The last one of a database that is watched has no end. Nothing here refers to the database: what was seen outlives it,
-- since it is asked for when the database is lost. All times are those at which a look began.
CREATE TABLE database_health (
    database_id  uuid NOT NULL,
    state        text NOT NULL,
    reason       text NOT NULL,
    since        timestamptz NOT NULL,
    until        timestamptz,
    looked_at    timestamptz NOT NULL,
    answered_at  timestamptz,
    -- Since when it has not served, through however many states; and since when it was seen not to without a long pause
    -- between two looks, which is later where nobody was there to look.
    lost_since   timestamptz,
    seen_since   timestamptz,
    PRIMARY KEY (database_id, since),
    CHECK ((lost_since IS NULL) = (seen_since IS NULL))
);
CREATE UNIQUE INDEX database_health_now ON database_health (database_id) WHERE until IS NULL;
CREATE INDEX database_health_ended ON database_health (until) WHERE until IS NOT NULL;
