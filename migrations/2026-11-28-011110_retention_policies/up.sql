CREATE TABLE retention_policies (
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
    record_kind text COLLATE "C" NOT NULL,
    kept_days integer NOT NULL CHECK (kept_days BETWEEN 30 AND 36500),
    effective_on date NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX retention_policies_change_no_key ON retention_policies (district_code, change_no);
CREATE INDEX retention_policies_occurred_at_idx ON retention_policies (district_code, occurred_at DESC, id DESC);
CREATE INDEX retention_policies_area_code_idx ON retention_policies (district_code, area_code, occurred_at DESC, id DESC);
CREATE INDEX retention_policies_org_id_idx ON retention_policies (district_code, org_id, occurred_at DESC, id DESC);
CREATE INDEX retention_policies_record_kind_idx ON retention_policies (district_code, record_kind, occurred_at DESC, id DESC);
COMMENT ON TABLE retention_policies IS 'How long personal data of a kind is kept, from a day on';
