CREATE TABLE division_geometries (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    collection jsonb NOT NULL,
    digest text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE INDEX division_geometries_created_at_idx ON division_geometries (district_code, created_at DESC, id DESC);
COMMENT ON TABLE division_geometries IS 'Shapes of a district''s townships as its own people loaded them: the newest is shown, former ones stay';
COMMENT ON COLUMN division_geometries.collection IS 'A GeoJSON FeatureCollection: code, name and shape of each, nothing else of what was sent';
