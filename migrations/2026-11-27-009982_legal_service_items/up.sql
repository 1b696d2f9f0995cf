CREATE TABLE legal_service_items (
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
    group_kind text COLLATE "C" NOT NULL,
    applicant_kind text COLLATE "C" NOT NULL,
    matter text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX legal_service_items_change_no_key ON legal_service_items (district_code, change_no);
CREATE INDEX legal_service_items_occurred_at_idx ON legal_service_items (district_code, occurred_at DESC, id DESC);
CREATE INDEX legal_service_items_group_kind_idx ON legal_service_items (district_code, group_kind, occurred_at DESC, id DESC);
CREATE INDEX legal_service_items_status_idx ON legal_service_items (district_code, status, occurred_at DESC, id DESC);
COMMENT ON TABLE legal_service_items IS 'What came to the six groups of the justice bureau; its words are in the envelope';
