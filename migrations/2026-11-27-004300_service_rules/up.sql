CREATE TABLE service_rules (
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
    effective_on date NOT NULL,
    margin_minutes integer NOT NULL CHECK (margin_minutes BETWEEN 0 AND 720),
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX service_rules_change_no_key ON service_rules (district_code, change_no);
CREATE INDEX service_rules_occurred_at_idx ON service_rules (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE service_rules IS 'How far beyond a shift hours count that an organiser vouches for, as dated data; 60 minutes where none is given';
