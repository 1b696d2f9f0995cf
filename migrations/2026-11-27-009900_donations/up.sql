CREATE TABLE donations (
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
    donor_kind text COLLATE "C" NOT NULL,
    donor_org_id uuid,
    may_be_published boolean,
    received_by_place_id uuid NOT NULL,
    received_on date NOT NULL,
    receipt_no text,
    designated_org_id uuid,
    designated_place_id uuid,
    items jsonb NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX donations_change_no_key ON donations (district_code, change_no);
CREATE INDEX donations_occurred_at_idx ON donations (district_code, occurred_at DESC, id DESC);
CREATE INDEX donations_designated_org_id_idx ON donations (district_code, designated_org_id) WHERE designated_org_id IS NOT NULL;
COMMENT ON TABLE donations IS 'Goods that were given, by whom and for whom';
