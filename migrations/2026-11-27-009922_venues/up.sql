-- Banquets and their bans, undertakings; a banquet that is held under a ban is a violation.

CREATE TABLE gathering_bans (
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
    until_on date CHECK (until_on >= effective_on),
    max_tables integer,
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX gathering_bans_change_no_key ON gathering_bans (district_code, change_no);
CREATE INDEX gathering_bans_occurred_at_idx ON gathering_bans (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE gathering_bans IS 'How many tables a banquet may have at most: for the record''s area and all below';
CREATE VIEW gathering_bans_in_force AS SELECT district_code, area_code, effective_on, until_on, max_tables FROM gathering_bans WHERE NOT voided;
COMMENT ON VIEW gathering_bans_in_force IS 'Bans that stand, read past row-level security: they are everybody''s to know';

CREATE TABLE banquets (
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
    place_id uuid,
    occasion text COLLATE "C",
    planned_on date NOT NULL,
    tables integer NOT NULL,
    diners integer NOT NULL,
    status text COLLATE "C" NOT NULL,
    refund_settled boolean,
    found_by text COLLATE "C",
    status_history jsonb NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX banquets_change_no_key ON banquets (district_code, change_no);
CREATE INDEX banquets_occurred_at_idx ON banquets (district_code, occurred_at DESC, id DESC);
CREATE INDEX banquets_place_id_idx ON banquets (district_code, place_id, occurred_at DESC, id DESC);
CREATE INDEX banquets_status_idx ON banquets (district_code, status, occurred_at DESC, id DESC);
CREATE INDEX banquets_planned_on_idx ON banquets (district_code, planned_on, occurred_at DESC, id DESC);
COMMENT ON TABLE banquets IS 'A banquet: where, when, how many tables and diners, and what became of it';

CREATE TABLE commitments (
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
    place_id uuid,
    committed_org_id uuid,
    household_id uuid,
    person_id uuid,
    commitment_kind text COLLATE "C" NOT NULL,
    text_version text,
    signed_on date NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX commitments_change_no_key ON commitments (district_code, change_no);
CREATE INDEX commitments_occurred_at_idx ON commitments (district_code, occurred_at DESC, id DESC);
CREATE INDEX commitments_place_id_idx ON commitments (district_code, place_id, occurred_at DESC, id DESC);
CREATE INDEX commitments_committed_org_id_idx ON commitments (district_code, committed_org_id, occurred_at DESC, id DESC);
CREATE INDEX commitments_household_id_idx ON commitments (district_code, household_id, occurred_at DESC, id DESC);
CREATE INDEX commitments_person_id_idx ON commitments (district_code, person_id, occurred_at DESC, id DESC);
COMMENT ON TABLE commitments IS 'An undertaking that a venue, an organisation, a household or somebody signed';

ALTER TABLE violations ADD COLUMN banquet_id uuid;
CREATE INDEX violations_banquet_id_idx ON violations (district_code, banquet_id) WHERE banquet_id IS NOT NULL;
COMMENT ON COLUMN violations.banquet_id IS 'The banquet of which the service made it; null of what somebody recorded';
CREATE VIEW violations_of_banquets AS SELECT district_code, banquet_id, id FROM violations WHERE banquet_id IS NOT NULL AND NOT voided;
COMMENT ON VIEW violations_of_banquets IS 'Which violation a banquet is, read past row-level security: ids only, nothing personal';

INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000009922', NULL, '2020-01-24', 'banquet_follow_up', true, 1, 0, 600, NULL, '四川省关于禁止群体性聚餐的紧急通知', NULL, '2020-01-24T00:00:00+08:00', 1);
CREATE INDEX duties_banquet_follow_up_idx ON duties (district_code, due_at) WHERE duty_kind = 'banquet_follow_up';
