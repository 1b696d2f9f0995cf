CREATE TABLE material_issues (
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
    from_place_id uuid NOT NULL,
    recipient_place_id uuid,
    recipient_org_id uuid,
    recipient_team_id uuid,
    recipients integer,
    occasion text COLLATE "C",
    donation_id uuid,
    items jsonb NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX material_issues_change_no_key ON material_issues (district_code, change_no);
CREATE INDEX material_issues_occurred_at_idx ON material_issues (district_code, occurred_at DESC, id DESC);
CREATE INDEX material_issues_donation_id_idx ON material_issues (district_code, donation_id) WHERE donation_id IS NOT NULL;
CREATE INDEX material_issues_recipient_org_id_idx ON material_issues (district_code, recipient_org_id) WHERE recipient_org_id IS NOT NULL;
COMMENT ON TABLE material_issues IS 'Goods that were handed out, from where, to whom and out of which donation';
