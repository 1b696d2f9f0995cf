CREATE TABLE disinfections (
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
    activity text COLLATE "C" NOT NULL,
    area_m2 numeric(9, 1) NOT NULL CHECK (area_m2 > 0),
    agent text,
    concentration_mg_per_l integer,
    method text COLLATE "C",
    contact_minutes integer,
    operator_count integer,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX disinfections_change_no_key ON disinfections (district_code, change_no);
CREATE INDEX disinfections_occurred_at_idx ON disinfections (district_code, occurred_at DESC, id DESC);
CREATE INDEX disinfections_place_id_idx ON disinfections (district_code, place_id, occurred_at DESC, id DESC);
COMMENT ON TABLE disinfections IS 'Disinfection and cleaning of places; who did it is in the envelope';
