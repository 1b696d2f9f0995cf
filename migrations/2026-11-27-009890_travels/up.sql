CREATE TABLE travels (
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
    person_id uuid,
    capacity text COLLATE "C" NOT NULL,
    left_on date,
    arrived_on date,
    expected_back_on date,
    purpose text COLLATE "C",
    evidence text COLLATE "C",
    contact_with_case text COLLATE "C",
    symptoms jsonb,
    state text COLLATE "C",
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX travels_change_no_key ON travels (district_code, change_no);
CREATE INDEX travels_occurred_at_idx ON travels (district_code, occurred_at DESC, id DESC);
CREATE INDEX travels_person_id_idx ON travels (district_code, person_id, occurred_at DESC, id DESC);
CREATE INDEX travels_capacity_idx ON travels (district_code, capacity, occurred_at DESC, id DESC);
CREATE INDEX travels_state_idx ON travels (district_code, state, occurred_at DESC, id DESC);
COMMENT ON TABLE travels IS 'Somebody left or came. Staff of a unit are those with its org_id and capacity=staff';
