CREATE TABLE teams (
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
    team_kind text COLLATE "C" NOT NULL,
    name text NOT NULL,
    place_id uuid,
    established_on date,
    active boolean NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX teams_change_no_key ON teams (district_code, change_no);
CREATE INDEX teams_occurred_at_idx ON teams (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE teams IS 'Teams of volunteers and staff; who leads them is in the envelope';

CREATE TABLE volunteers (
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
    affiliation text COLLATE "C" NOT NULL,
    team_id uuid,
    user_id uuid,
    roles jsonb,
    skills jsonb,
    home_area_code text COLLATE "C",
    party_member boolean NOT NULL,
    league_member boolean NOT NULL,
    active boolean NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX volunteers_change_no_key ON volunteers (district_code, change_no);
CREATE INDEX volunteers_occurred_at_idx ON volunteers (district_code, occurred_at DESC, id DESC);
CREATE INDEX volunteers_person_id_idx ON volunteers (district_code, person_id);
COMMENT ON TABLE volunteers IS 'People who take shifts';

CREATE TABLE shift_templates (
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
    slots jsonb NOT NULL,
    needs jsonb NOT NULL,
    min_rest_minutes integer,
    weekdays jsonb,
    team_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX shift_templates_change_no_key ON shift_templates (district_code, change_no);
CREATE INDEX shift_templates_occurred_at_idx ON shift_templates (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE shift_templates IS 'The shifts of a day, to be made at many places for many days';

CREATE TABLE shifts (
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
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    needs jsonb NOT NULL,
    min_rest_minutes integer NOT NULL,
    team_id uuid,
    template_id uuid,
    title text,
    cancelled boolean NOT NULL,
    longitude double precision,
    latitude double precision,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX shifts_change_no_key ON shifts (district_code, change_no);
CREATE INDEX shifts_occurred_at_idx ON shifts (district_code, occurred_at DESC, id DESC);
CREATE INDEX shifts_place_id_idx ON shifts (district_code, place_id, starts_at);
COMMENT ON TABLE shifts IS 'Times at places for which people are needed';

CREATE TABLE shift_assignments (
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
    shift_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    role text COLLATE "C" NOT NULL,
    place_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL,
    attendance text COLLATE "C" NOT NULL,
    swapped_to_id uuid,
    longitude double precision,
    latitude double precision,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX shift_assignments_change_no_key ON shift_assignments (district_code, change_no);
CREATE INDEX shift_assignments_occurred_at_idx ON shift_assignments (district_code, occurred_at DESC, id DESC);
CREATE INDEX shift_assignments_shift_id_idx ON shift_assignments (district_code, shift_id);
CREATE INDEX shift_assignments_volunteer_id_idx ON shift_assignments (district_code, volunteer_id, starts_at);
CREATE INDEX shift_assignments_waiting_idx ON shift_assignments (district_code, starts_at) WHERE attendance IN ('expected', 'present');
COMMENT ON TABLE shift_assignments IS 'Who takes which shift';

CREATE TABLE shift_attendances (
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
    assignment_id uuid NOT NULL,
    action text COLLATE "C" NOT NULL,
    longitude double precision,
    latitude double precision,
    shift_id uuid NOT NULL,
    volunteer_id uuid NOT NULL,
    place_id uuid NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX shift_attendances_change_no_key ON shift_attendances (district_code, change_no);
CREATE INDEX shift_attendances_occurred_at_idx ON shift_attendances (district_code, occurred_at DESC, id DESC);
CREATE INDEX shift_attendances_shift_id_idx ON shift_attendances (district_code, shift_id);
COMMENT ON TABLE shift_attendances IS 'Who came and left; hand-over notes are in the envelope';

CREATE TABLE service_records (
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
    volunteer_id uuid NOT NULL,
    shift_id uuid,
    place_id uuid,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    content text,
    service_minutes integer NOT NULL,
    service_hours numeric(5, 2) NOT NULL,
    origin text COLLATE "C" NOT NULL,
    corrected boolean NOT NULL,
    team_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX service_records_change_no_key ON service_records (district_code, change_no);
CREATE INDEX service_records_occurred_at_idx ON service_records (district_code, occurred_at DESC, id DESC);
CREATE INDEX service_records_shift_id_idx ON service_records (district_code, shift_id);
CREATE INDEX service_records_volunteer_id_idx ON service_records (district_code, volunteer_id, starts_at);
CREATE INDEX service_records_starts_at_idx ON service_records (district_code, starts_at);
COMMENT ON TABLE service_records IS 'Hours that people served';

CREATE TABLE calendar_tokens (
    district_code text COLLATE "C" NOT NULL,
    volunteer_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, volunteer_id)
);
CREATE INDEX calendar_tokens_token_hash_idx ON calendar_tokens (token_hash);
COMMENT ON TABLE calendar_tokens IS 'Which secret address shows whose shifts as a calendar; a row that is gone is revoked';

INSERT INTO duty_cadences VALUES
    ('0170a000-0001-7000-8000-000000000015', NULL, '2020-01-21', 'shift_filling', true, 1, NULL, NULL, 1440, '防控点值守要求', NULL, '2020-01-21T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000016', NULL, '2020-01-21', 'manned_post', true, 1, NULL, NULL, 15, '防控点值守要求', NULL, '2020-01-21T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000017', NULL, '2020-01-21', 'shift_attendance', true, 1, NULL, NULL, 15, '防控点值守要求', NULL, '2020-01-21T00:00:00+08:00');
