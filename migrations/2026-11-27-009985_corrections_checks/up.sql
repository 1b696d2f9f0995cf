CREATE TABLE corrections_checks (
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
    subject_id uuid NOT NULL,
    channel text COLLATE "C" NOT NULL,
    epidemic_contact text COLLATE "C" NOT NULL,
    result text COLLATE "C" NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX corrections_checks_change_no_key ON corrections_checks (district_code, change_no);
CREATE INDEX corrections_checks_occurred_at_idx ON corrections_checks (district_code, occurred_at DESC, id DESC);
CREATE INDEX corrections_checks_subject_id_idx ON corrections_checks (district_code, subject_id, occurred_at DESC, id DESC);
CREATE INDEX corrections_checks_result_idx ON corrections_checks (district_code, result, occurred_at DESC, id DESC);
COMMENT ON TABLE corrections_checks IS 'Closed room: checks of people under community corrections; temperature and symptoms are in the envelope';
