CREATE TABLE inspections (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    change_no bigint NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    revised_at timestamptz NOT NULL,
    revised_by uuid NOT NULL,
    voided boolean NOT NULL,
    capture jsonb NOT NULL,
    submission_digest bytea NOT NULL,
    personal bytea,
    digest bytea NOT NULL,
    place_id uuid NOT NULL,
    items jsonb NOT NULL,
    requirements jsonb NOT NULL,
    passed boolean NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX inspections_change_no_key ON inspections (district_code, change_no);
CREATE INDEX inspections_occurred_at_idx ON inspections (district_code, occurred_at DESC, id DESC);
CREATE INDEX inspections_place_id_idx ON inspections (district_code, place_id, occurred_at DESC, id DESC);
COMMENT ON TABLE inspections IS 'Inspections of venues by the six items; who inspected is in the envelope';
