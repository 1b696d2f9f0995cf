CREATE TABLE youth_works (
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
    work_kind text COLLATE "C" NOT NULL,
    platform text COLLATE "C",
    works integer NOT NULL CHECK (works > 0),
    participants integer,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX youth_works_change_no_key ON youth_works (district_code, change_no);
CREATE INDEX youth_works_occurred_at_idx ON youth_works (district_code, occurred_at DESC, id DESC);
CREATE INDEX youth_works_work_kind_idx ON youth_works (district_code, work_kind, occurred_at DESC, id DESC);
COMMENT ON TABLE youth_works IS 'How many works of a kind young people made, of nobody';
