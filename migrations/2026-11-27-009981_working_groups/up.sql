CREATE TABLE working_groups (
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
    task_force_id uuid,
    group_kind text COLLATE "C" NOT NULL,
    established_on date NOT NULL,
    dissolved_on date,
    status text COLLATE "C" NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX working_groups_change_no_key ON working_groups (district_code, change_no);
CREATE INDEX working_groups_occurred_at_idx ON working_groups (district_code, occurred_at DESC, id DESC);
CREATE INDEX working_groups_task_force_id_idx ON working_groups (district_code, task_force_id, occurred_at DESC, id DESC);
CREATE INDEX working_groups_group_kind_idx ON working_groups (district_code, group_kind, occurred_at DESC, id DESC);
CREATE INDEX working_groups_open_idx ON working_groups (district_code, org_id, group_kind) WHERE NOT voided AND dissolved_on IS NULL;
COMMENT ON TABLE working_groups IS 'Working groups of organisations; who belongs to one is in the envelope';
