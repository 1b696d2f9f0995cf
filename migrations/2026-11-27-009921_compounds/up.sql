-- Which organisation helps which compound, and where used masks are collected.

CREATE TABLE compound_partnerships (
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
    place_id uuid NOT NULL,
    partner_org_id uuid NOT NULL,
    partnership_kind text COLLATE "C" NOT NULL,
    starts_on date NOT NULL,
    ends_on date CHECK (ends_on >= starts_on),
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX compound_partnerships_change_no_key ON compound_partnerships (district_code, change_no);
CREATE INDEX compound_partnerships_occurred_at_idx ON compound_partnerships (district_code, occurred_at DESC, id DESC);
CREATE INDEX compound_partnerships_place_id_idx ON compound_partnerships (district_code, place_id, occurred_at DESC, id DESC);
CREATE INDEX compound_partnerships_partner_org_id_idx ON compound_partnerships (district_code, partner_org_id, occurred_at DESC, id DESC);
COMMENT ON TABLE compound_partnerships IS 'An organisation that helps a compound, from a day on until another';

CREATE TABLE mask_collections (
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
    place_id uuid NOT NULL,
    bags integer NOT NULL CHECK (bags >= 0),
    weight_kg numeric(6, 1),
    disinfected boolean NOT NULL,
    destination text COLLATE "C" NOT NULL,
    isolation_case_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX mask_collections_change_no_key ON mask_collections (district_code, change_no);
CREATE INDEX mask_collections_occurred_at_idx ON mask_collections (district_code, occurred_at DESC, id DESC);
CREATE INDEX mask_collections_place_id_idx ON mask_collections (district_code, place_id, occurred_at DESC, id DESC);
COMMENT ON TABLE mask_collections IS 'Used masks taken from a disposal point; one that was found empty counts as one of 0 bags';

INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000009921', NULL, '2020-01-24', 'mask_collection', true, 1, 0, 1440, NULL, '四川省住建厅废弃口罩收运处置通知', NULL, '2020-01-24T00:00:00+08:00', 1);
CREATE INDEX duties_mask_collection_idx ON duties (district_code, opens_at) WHERE duty_kind = 'mask_collection';
