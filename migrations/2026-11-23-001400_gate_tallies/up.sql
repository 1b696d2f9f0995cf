CREATE TABLE gate_tallies (
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
    period_starts_at timestamptz NOT NULL,
    period_ends_at timestamptz NOT NULL,
    measured integer NOT NULL,
    abnormal integer NOT NULL,
    vehicles integer,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX gate_tallies_change_no_key ON gate_tallies (district_code, change_no);
CREATE INDEX gate_tallies_occurred_at_idx ON gate_tallies (district_code, occurred_at DESC, id DESC);
CREATE INDEX gate_tallies_place_id_idx ON gate_tallies (district_code, place_id, occurred_at DESC, id DESC);
COMMENT ON TABLE gate_tallies IS 'Anonymous counts at points where identity is not taken; never mixed into registrations';
COMMENT ON COLUMN gate_tallies.measured IS 'Person-times measured in the period';
