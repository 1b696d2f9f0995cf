CREATE TABLE people (
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
    document_type text COLLATE "C" NOT NULL,
    sex text COLLATE "C" NOT NULL,
    birth_year integer,
    categories jsonb NOT NULL,
    aliases jsonb NOT NULL,
    merged_into uuid,
    document_blind_index bytea,
    phone_blind_index bytea,
    name_blind_index bytea,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX people_change_no_key ON people (district_code, change_no);
CREATE INDEX people_occurred_at_idx ON people (district_code, occurred_at DESC, id DESC);
CREATE INDEX people_document_blind_index_idx ON people (district_code, document_blind_index);
CREATE INDEX people_phone_blind_index_idx ON people (district_code, phone_blind_index);
CREATE INDEX people_name_blind_index_idx ON people (district_code, name_blind_index, area_code);
CREATE INDEX people_aliases_idx ON people USING gin (aliases jsonb_path_ops) WHERE aliases <> '[]';
COMMENT ON TABLE people IS 'People; name, document, phone and address are in the envelope';
COMMENT ON COLUMN people.capture IS 'How it was captured: source, device_time, captured_by, area_code_submitted, warnings';
COMMENT ON COLUMN people.submission_digest IS 'Keyed digest of what was first submitted: tells a retry from a collision';
COMMENT ON COLUMN people.personal IS 'Encrypted envelope of all personal fields, see privacy/seal.rs';
COMMENT ON COLUMN people.digest IS 'SHA-256 of this revision; the ledger entry of change_no covers it';
COMMENT ON COLUMN people.id IS 'Derived with the permanent id key from district, document type and number; else from name and phone';
COMMENT ON COLUMN people.aliases IS 'Ids that clients gave to the same person';
