CREATE TABLE organizations (
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
    parent_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX organizations_change_no_key ON organizations (district_code, change_no);
CREATE INDEX organizations_occurred_at_idx ON organizations (district_code, occurred_at DESC, id DESC);
CREATE INDEX organizations_parent_id_idx ON organizations (district_code, parent_id);
COMMENT ON TABLE organizations IS 'Bureaus, streets, towns, schools, health centres, police stations, partners';
COMMENT ON COLUMN organizations.capture IS 'How it was captured: source, device_time, captured_by, area_code_submitted, warnings';
COMMENT ON COLUMN organizations.submission_digest IS 'Keyed digest of what was first submitted: tells a retry from a collision';
COMMENT ON COLUMN organizations.personal IS 'Encrypted envelope of all personal fields, see privacy/seal.rs';
COMMENT ON COLUMN organizations.digest IS 'SHA-256 of this revision; the ledger entry of change_no covers it';
