CREATE TABLE places (
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
    kind text COLLATE "C" NOT NULL,
    name text NOT NULL,
    address text,
    parent_id uuid,
    longitude double precision,
    latitude double precision,
    coordinate_system text COLLATE "C",
    accuracy_m integer,
    operating_status text COLLATE "C",
    operating_status_history jsonb NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX places_change_no_key ON places (district_code, change_no);
CREATE INDEX places_occurred_at_idx ON places (district_code, occurred_at DESC, id DESC);
CREATE INDEX places_area_code_idx ON places (district_code, area_code);
COMMENT ON TABLE places IS 'Compounds, checkpoints, venues and warehouses';
COMMENT ON COLUMN places.capture IS 'How it was captured: source, device_time, captured_by, area_code_submitted, warnings';
COMMENT ON COLUMN places.submission_digest IS 'Keyed digest of what was first submitted: tells a retry from a collision';
COMMENT ON COLUMN places.personal IS 'Encrypted envelope of all personal fields, see privacy/seal.rs';
COMMENT ON COLUMN places.digest IS 'SHA-256 of this revision; the ledger entry of change_no covers it';
COMMENT ON COLUMN places.longitude IS 'Degrees, WGS-84, whatever was submitted';
COMMENT ON COLUMN places.coordinate_system IS 'The system in which the coordinates were submitted';
