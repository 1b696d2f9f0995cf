CREATE TABLE isolation_cases (
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
    person_id uuid NOT NULL,
    categories jsonb NOT NULL,
    anchor text COLLATE "C" NOT NULL,
    anchored_on date NOT NULL,
    supervisors_complete boolean NOT NULL,
    supervisor_ids jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('identified', 'notified', 'under_observation', 'suspended_referral', 'lost_contact', 'completed', 'dismissed', 'became_case', 'centralized', 'transferred_out', 'voided')),
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    release_from timestamptz NOT NULL,
    extended boolean NOT NULL,
    registered_at timestamptz NOT NULL,
    notified_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX isolation_cases_change_no_key ON isolation_cases (district_code, change_no);
CREATE INDEX isolation_cases_occurred_at_idx ON isolation_cases (district_code, occurred_at DESC, id DESC);
CREATE INDEX isolation_cases_person_id_idx ON isolation_cases (district_code, person_id);
CREATE INDEX isolation_cases_open_idx ON isolation_cases (district_code, state) WHERE ended_at IS NULL;
CREATE INDEX isolation_cases_supervisor_ids_idx ON isolation_cases USING gin (supervisor_ids jsonb_path_ops) WHERE ended_at IS NULL;
COMMENT ON TABLE isolation_cases IS 'Somebody observed at home; address and supervisors are in the envelope';
