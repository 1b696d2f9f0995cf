-- What was asked for from above, who belongs to a unit, what units report a day and workers log.

CREATE TABLE directives (
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
    issuer_level text COLLATE "C" NOT NULL,
    issuer text NOT NULL,
    title text NOT NULL,
    document_no text,
    held_on date NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX directives_change_no_key ON directives (district_code, change_no);
CREATE INDEX directives_occurred_at_idx ON directives (district_code, occurred_at DESC, id DESC);
CREATE INDEX directives_held_on_idx ON directives (district_code, held_on, occurred_at DESC, id DESC);
COMMENT ON TABLE directives IS 'A meeting or a document that set the work';

CREATE TABLE org_members (
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
    post text,
    since_on date NOT NULL,
    until_on date,
    user_id uuid,
    keeps_work_log boolean,
    party_member boolean,
    league_member boolean,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX org_members_change_no_key ON org_members (district_code, change_no);
CREATE INDEX org_members_occurred_at_idx ON org_members (district_code, occurred_at DESC, id DESC);
CREATE INDEX org_members_person_id_idx ON org_members (district_code, person_id, occurred_at DESC, id DESC);
CREATE INDEX org_members_user_id_idx ON org_members (district_code, user_id, occurred_at DESC, id DESC);
CREATE INDEX org_members_keepers_idx ON org_members (district_code, user_id) WHERE keeps_work_log AND NOT voided;
COMMENT ON TABLE org_members IS 'Somebody who belongs to an organisation: its staff, whom rounds and logs count on';

CREATE TABLE reporting_requirements (
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
    report_kind text COLLATE "C" NOT NULL,
    required_org_id uuid,
    required_org_kind text COLLATE "C",
    effective_on date NOT NULL,
    until_on date,
    every_days integer CHECK (every_days > 0),
    due_minute integer NOT NULL CHECK (due_minute > 0),
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX reporting_requirements_change_no_key ON reporting_requirements (district_code, change_no);
CREATE INDEX reporting_requirements_occurred_at_idx ON reporting_requirements (district_code, occurred_at DESC, id DESC);
CREATE INDEX reporting_requirements_report_kind_idx ON reporting_requirements (district_code, report_kind, occurred_at DESC, id DESC);
COMMENT ON TABLE reporting_requirements IS 'A report that an organisation, or each organisation of a kind, owes: for the record''s area and all below';

CREATE TABLE daily_reports (
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
    report_kind text COLLATE "C" NOT NULL,
    reported_on date NOT NULL,
    is_zero boolean NOT NULL,
    report_status text COLLATE "C",
    on_time boolean,
    unexplained boolean,
    records_found bigint,
    computed_as_of_change_no bigint,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX daily_reports_change_no_key ON daily_reports (district_code, change_no);
CREATE INDEX daily_reports_occurred_at_idx ON daily_reports (district_code, occurred_at DESC, id DESC);
CREATE INDEX daily_reports_reported_on_idx ON daily_reports (district_code, reported_on, occurred_at DESC, id DESC);
COMMENT ON TABLE daily_reports IS 'What an organisation reports of a day';

CREATE TABLE work_logs (
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
    level text COLLATE "C" NOT NULL,
    worked_on date NOT NULL,
    user_id uuid,
    is_zero boolean,
    zero_reason text COLLATE "C",
    counts jsonb,
    computed jsonb,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX work_logs_change_no_key ON work_logs (district_code, change_no);
CREATE INDEX work_logs_occurred_at_idx ON work_logs (district_code, occurred_at DESC, id DESC);
CREATE INDEX work_logs_worked_on_idx ON work_logs (district_code, worked_on, occurred_at DESC, id DESC);
CREATE INDEX work_logs_user_id_idx ON work_logs (district_code, user_id, occurred_at DESC, id DESC);
COMMENT ON TABLE work_logs IS 'What somebody did on a day';

-- A unit reports by its requirements; whoever keeps a log has until ten in the evening.
INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000009961', NULL, '2020-01-24', 'daily_report', true, 1, NULL, NULL, NULL, '民办发〔2020〕5号 信息报送', NULL, '2020-01-24T00:00:00+08:00', 1),
    ('0170a000-0001-7000-8000-000000009962', NULL, '2020-01-24', 'bulletin', true, 1, NULL, NULL, NULL, '民办发〔2020〕5号 信息报送', NULL, '2020-01-24T00:00:00+08:00', 1),
    ('0170a000-0001-7000-8000-000000009963', NULL, '2020-01-24', 'work_log', true, 1, 0, 1320, NULL, '大兴街道工作日志制度', NULL, '2020-01-24T00:00:00+08:00', 1);
