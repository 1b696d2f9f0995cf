CREATE TABLE task_forces (
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
    name text NOT NULL,
    established_on date NOT NULL,
    dissolved_on date,
    document_no text,
    status text COLLATE "C" NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX task_forces_change_no_key ON task_forces (district_code, change_no);
CREATE INDEX task_forces_occurred_at_idx ON task_forces (district_code, occurred_at DESC, id DESC);
CREATE INDEX task_forces_open_idx ON task_forces (district_code, org_id) WHERE NOT voided AND dissolved_on IS NULL;
COMMENT ON TABLE task_forces IS 'Task forces of organisations; who belongs to one is in the envelope';
