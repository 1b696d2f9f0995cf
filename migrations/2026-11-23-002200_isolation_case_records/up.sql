CREATE TABLE observation_notices (
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
    case_id uuid NOT NULL,
    signed_on date NOT NULL,
    starts_on date,
    ends_on date,
    issued_by text NOT NULL,
    requirements_version text,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX observation_notices_change_no_key ON observation_notices (district_code, change_no);
CREATE INDEX observation_notices_occurred_at_idx ON observation_notices (district_code, occurred_at DESC, id DESC);
CREATE INDEX observation_notices_case_id_idx ON observation_notices (district_code, case_id, occurred_at DESC, id DESC);
COMMENT ON TABLE observation_notices IS 'Signed notices of medical observation';
CREATE TABLE isolation_case_transitions (
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
    case_id uuid NOT NULL,
    "to" text COLLATE "C" NOT NULL,
    hospital text,
    diagnosis_class text COLLATE "C",
    receiving_area_code text COLLATE "C",
    last_seen_at timestamptz,
    anchored_on date,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX isolation_case_transitions_change_no_key ON isolation_case_transitions (district_code, change_no);
CREATE INDEX isolation_case_transitions_occurred_at_idx ON isolation_case_transitions (district_code, occurred_at DESC, id DESC);
CREATE INDEX isolation_case_transitions_case_id_idx ON isolation_case_transitions (district_code, case_id, occurred_at DESC, id DESC);
COMMENT ON TABLE isolation_case_transitions IS 'Steps of cases from one state to the next; the reason is in the envelope';
CREATE TABLE temperature_readings (
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
    case_id uuid,
    person_id uuid NOT NULL,
    temperature_c numeric(3, 1) NOT NULL,
    slot text COLLATE "C" NOT NULL CHECK (slot IN ('am', 'pm', 'extra')),
    measure_site text COLLATE "C",
    device text COLLATE "C",
    home_visit boolean,
    retest_of uuid,
    symptoms jsonb,
    slot_on date NOT NULL,
    fever boolean NOT NULL,
    needs_retest boolean NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX temperature_readings_change_no_key ON temperature_readings (district_code, change_no);
CREATE INDEX temperature_readings_occurred_at_idx ON temperature_readings (district_code, occurred_at DESC, id DESC);
CREATE INDEX temperature_readings_case_id_idx ON temperature_readings (district_code, case_id, occurred_at DESC, id DESC);
CREATE INDEX temperature_readings_person_id_idx ON temperature_readings (district_code, person_id, occurred_at DESC, id DESC);
COMMENT ON TABLE temperature_readings IS 'Temperatures of those under observation at home and of other returnees';
CREATE TABLE follow_up_visits (
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
    case_id uuid NOT NULL,
    line text COLLATE "C" NOT NULL,
    health_status text COLLATE "C" NOT NULL,
    symptoms jsonb,
    door_notice_posted boolean,
    visitors_declined_informed boolean,
    medical_guidance_given boolean,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX follow_up_visits_change_no_key ON follow_up_visits (district_code, change_no);
CREATE INDEX follow_up_visits_occurred_at_idx ON follow_up_visits (district_code, occurred_at DESC, id DESC);
CREATE INDEX follow_up_visits_case_id_idx ON follow_up_visits (district_code, case_id, occurred_at DESC, id DESC);
COMMENT ON TABLE follow_up_visits IS 'Visits by one of the five lines';
CREATE TABLE spot_checks (
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
    case_id uuid NOT NULL,
    present boolean NOT NULL,
    compliant boolean NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX spot_checks_change_no_key ON spot_checks (district_code, change_no);
CREATE INDEX spot_checks_occurred_at_idx ON spot_checks (district_code, occurred_at DESC, id DESC);
CREATE INDEX spot_checks_case_id_idx ON spot_checks (district_code, case_id, occurred_at DESC, id DESC);
COMMENT ON TABLE spot_checks IS 'Police checks at random times';
CREATE TABLE errands (
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
    case_id uuid NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('nothing_needed', 'asked', 'bought', 'delivered')),
    cost_cny numeric(8, 2),
    delivered_at timestamptz,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX errands_change_no_key ON errands (district_code, change_no);
CREATE INDEX errands_occurred_at_idx ON errands (district_code, occurred_at DESC, id DESC);
CREATE INDEX errands_case_id_idx ON errands (district_code, case_id, occurred_at DESC, id DESC);
COMMENT ON TABLE errands IS 'Errands for those who can not go out';
CREATE TABLE violations (
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
    case_id uuid NOT NULL,
    violation_kind text COLLATE "C" NOT NULL,
    outcome text COLLATE "C",
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX violations_change_no_key ON violations (district_code, change_no);
CREATE INDEX violations_occurred_at_idx ON violations (district_code, occurred_at DESC, id DESC);
CREATE INDEX violations_case_id_idx ON violations (district_code, case_id, occurred_at DESC, id DESC);
COMMENT ON TABLE violations IS 'Violations of the rules of observation';
CREATE TABLE patrol_logs (
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
    case_id uuid NOT NULL,
    in_order boolean NOT NULL,
    visit_stopped boolean,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX patrol_logs_change_no_key ON patrol_logs (district_code, change_no);
CREATE INDEX patrol_logs_occurred_at_idx ON patrol_logs (district_code, occurred_at DESC, id DESC);
CREATE INDEX patrol_logs_case_id_idx ON patrol_logs (district_code, case_id, occurred_at DESC, id DESC);
COMMENT ON TABLE patrol_logs IS 'Looks by the group cadre';
