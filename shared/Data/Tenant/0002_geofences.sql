-- Areas of a tenant's own, as GeoJSON polygons. There is no spatial index: a tenant's geofences are few and are found by the
-- key's first column, and row-level security keeps the planner from using PostGIS operators, which are not leakproof, as
-- index conditions.
CREATE TABLE fleet.geofences (
    customer_id  uuid NOT NULL REFERENCES fleet.customers,
    geofence_id  text NOT NULL,
    name         text NOT NULL,
    area         geometry(Geometry, 4326) NOT NULL CHECK (GeometryType(area) IN ('POLYGON', 'MULTIPOLYGON')),
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, geofence_id)
);
ALTER TABLE fleet.geofences ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON fleet.geofences USING (customer_id = (SELECT fleet.current_customer()))
    WITH CHECK (customer_id = (SELECT fleet.current_customer()));
GRANT SELECT, INSERT, UPDATE, DELETE ON fleet.geofences TO "$tenants$";
