CREATE TABLE corrections_subjects (
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
    control_kind text COLLATE "C" NOT NULL,
    term_from date NOT NULL,
    term_to date NOT NULL,
    officer_user_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX corrections_subjects_change_no_key ON corrections_subjects (district_code, change_no);
CREATE INDEX corrections_subjects_occurred_at_idx ON corrections_subjects (district_code, occurred_at DESC, id DESC);
CREATE INDEX corrections_subjects_officer_user_id_idx ON corrections_subjects (district_code, officer_user_id, occurred_at DESC, id DESC);
COMMENT ON TABLE corrections_subjects IS 'Closed room: people under community corrections; who they are is in the envelope';
