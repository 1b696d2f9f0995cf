CREATE TABLE duties (
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
    duty_kind text COLLATE "C" NOT NULL,
    subject_kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    cause_id uuid,
    line text COLLATE "C" NOT NULL,
    assignee_id uuid,
    opens_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'done', 'missed', 'waived')),
    proof jsonb,
    late boolean NOT NULL,
    reported_late boolean NOT NULL,
    escalated_to text COLLATE "C",
    escalated_to_id uuid,
    explained boolean NOT NULL,
    waiver text COLLATE "C",
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX duties_change_no_key ON duties (district_code, change_no);
CREATE INDEX duties_occurred_at_idx ON duties (district_code, occurred_at DESC, id DESC);
CREATE INDEX duties_subject_id_idx ON duties (district_code, subject_id, opens_at);
CREATE INDEX duties_open_idx ON duties (district_code, due_at) WHERE state = 'open';
CREATE INDEX duties_state_idx ON duties (district_code, state, occurred_at DESC, id DESC);
CREATE INDEX duties_missed_idx ON duties (district_code, due_at) WHERE state = 'missed';
CREATE INDEX duties_assignee_id_idx ON duties (district_code, assignee_id, occurred_at DESC, id DESC);
COMMENT ON TABLE duties IS 'What is expected of whom until when; written by the service';
COMMENT ON COLUMN duties.proof IS 'Kind and id of the record that closed it';
