CREATE TABLE screenings (
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
    direction text COLLATE "C" NOT NULL CHECK (direction IN ('in', 'out')),
    person_id uuid,
    person_kind text COLLATE "C",
    pass_group_id uuid,
    answers jsonb,
    symptoms jsonb,
    temperature_c numeric(3, 1),
    measure_site text COLLATE "C",
    device text COLLATE "C",
    retest_of uuid,
    mask boolean,
    disposition text COLLATE "C",
    abnormal boolean NOT NULL,
    complete boolean NOT NULL,
    plate_blind_index bytea,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX screenings_change_no_key ON screenings (district_code, change_no);
CREATE INDEX screenings_occurred_at_idx ON screenings (district_code, occurred_at DESC, id DESC);
CREATE INDEX screenings_place_id_idx ON screenings (district_code, place_id, occurred_at DESC, id DESC);
CREATE INDEX screenings_person_id_idx ON screenings (district_code, person_id, occurred_at DESC);
CREATE INDEX screenings_plate_blind_index_idx ON screenings (district_code, plate_blind_index) WHERE plate_blind_index IS NOT NULL;
CREATE INDEX screenings_abnormal_idx ON screenings (district_code, occurred_at DESC, id DESC) WHERE abnormal;
COMMENT ON TABLE screenings IS 'Passages through checkpoints: asked, checked, registered';
COMMENT ON COLUMN screenings.capture IS 'How it was captured: source, device_time, captured_by, area_code_submitted, warnings';
COMMENT ON COLUMN screenings.submission_digest IS 'Keyed digest of what was first submitted: tells a retry from a collision';
COMMENT ON COLUMN screenings.personal IS 'Encrypted envelope of all personal fields, see privacy/seal.rs';
COMMENT ON COLUMN screenings.digest IS 'SHA-256 of this revision; the ledger entry of change_no covers it';
COMMENT ON COLUMN screenings.temperature_c IS 'Degrees Celsius';
COMMENT ON COLUMN screenings.pass_group_id IS 'Shared by the people of one car: counts vehicles';
