-- Households, their groups and members; rounds in which somebody looks at each, and the lists that rounds are counted by.

CREATE TABLE grid_cells (
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
    code text NOT NULL,
    name text NOT NULL,
    parent_id uuid,
    responsible_org_id uuid,
    leader_user_id uuid,
    worker_user_ids jsonb,
    active boolean,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX grid_cells_change_no_key ON grid_cells (district_code, change_no);
CREATE INDEX grid_cells_occurred_at_idx ON grid_cells (district_code, occurred_at DESC, id DESC);
CREATE INDEX grid_cells_code_idx ON grid_cells (district_code, code, occurred_at DESC, id DESC);
COMMENT ON TABLE grid_cells IS 'The smallest unit of a community''s work';

CREATE TABLE household_group_policies (
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
    effective_on date NOT NULL,
    max_households integer NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX household_group_policies_change_no_key ON household_group_policies (district_code, change_no);
CREATE INDEX household_group_policies_occurred_at_idx ON household_group_policies (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE household_group_policies IS 'How many households a group has at most: for the record''s area and all below. Ten where none is given';

CREATE TABLE care_policies (
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
    effective_on date NOT NULL,
    category text COLLATE "C" NOT NULL,
    care text COLLATE "C" NOT NULL,
    window_days integer NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX care_policies_change_no_key ON care_policies (district_code, change_no);
CREATE INDEX care_policies_occurred_at_idx ON care_policies (district_code, occurred_at DESC, id DESC);
CREATE INDEX care_policies_category_idx ON care_policies (district_code, category, occurred_at DESC, id DESC);
COMMENT ON TABLE care_policies IS 'The care that people of a category need: for the record''s area and all below';

CREATE TABLE household_groups (
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
    grid_cell_id uuid,
    leader_person_id uuid,
    leader_user_id uuid,
    established_on date,
    active boolean,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX household_groups_change_no_key ON household_groups (district_code, change_no);
CREATE INDEX household_groups_occurred_at_idx ON household_groups (district_code, occurred_at DESC, id DESC);
CREATE INDEX household_groups_grid_cell_id_idx ON household_groups (district_code, grid_cell_id, occurred_at DESC, id DESC);
COMMENT ON TABLE household_groups IS 'Neighbouring households under a leader of their own';

CREATE TABLE households (
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
    place_id uuid,
    share_no integer,
    household_kind text COLLATE "C",
    residency text COLLATE "C",
    grid_cell_id uuid,
    household_group_id uuid,
    contact_person_id uuid,
    split_from_id uuid,
    ended_on date,
    end_reason text COLLATE "C",
    status text COLLATE "C",
    merged_into uuid,
    aliases jsonb,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX households_change_no_key ON households (district_code, change_no);
CREATE INDEX households_occurred_at_idx ON households (district_code, occurred_at DESC, id DESC);
CREATE INDEX households_place_id_idx ON households (district_code, place_id, occurred_at DESC, id DESC);
CREATE INDEX households_grid_cell_id_idx ON households (district_code, grid_cell_id, occurred_at DESC, id DESC);
CREATE INDEX households_household_group_id_idx ON households (district_code, household_group_id, occurred_at DESC, id DESC);
COMMENT ON TABLE households IS 'A household at its door';

CREATE TABLE household_members (
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
    household_id uuid NOT NULL,
    person_id uuid NOT NULL,
    relation text COLLATE "C",
    basis text COLLATE "C",
    since_on date,
    until_on date,
    end_reason text COLLATE "C",
    presence text COLLATE "C",
    away_since_on date,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX household_members_change_no_key ON household_members (district_code, change_no);
CREATE INDEX household_members_occurred_at_idx ON household_members (district_code, occurred_at DESC, id DESC);
CREATE INDEX household_members_household_id_idx ON household_members (district_code, household_id, occurred_at DESC, id DESC);
CREATE INDEX household_members_person_id_idx ON household_members (district_code, person_id, occurred_at DESC, id DESC);
COMMENT ON TABLE household_members IS 'Somebody who lives, or is registered, in a household';

CREATE TABLE survey_rounds (
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
    series text NOT NULL,
    target text COLLATE "C" NOT NULL,
    scope jsonb,
    channels jsonb,
    theme text COLLATE "C",
    compares_with_id uuid,
    starts_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    state text COLLATE "C",
    round_no bigint,
    frozen jsonb,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX survey_rounds_change_no_key ON survey_rounds (district_code, change_no);
CREATE INDEX survey_rounds_occurred_at_idx ON survey_rounds (district_code, occurred_at DESC, id DESC);
CREATE INDEX survey_rounds_series_idx ON survey_rounds (district_code, series, occurred_at DESC, id DESC);
CREATE INDEX survey_rounds_state_idx ON survey_rounds (district_code, state, occurred_at DESC, id DESC);
COMMENT ON TABLE survey_rounds IS 'Who must be looked at until when; its list is frozen when it starts';

CREATE TABLE survey_visits (
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
    round_id uuid,
    household_id uuid,
    person_id uuid,
    channel text COLLATE "C" NOT NULL,
    result text COLLATE "C" NOT NULL,
    verification text COLLATE "C",
    people_counted integer,
    members jsonb,
    health text COLLATE "C",
    door_notice_left boolean,
    answers_visit_id uuid,
    members_confirmed integer,
    abnormal boolean,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX survey_visits_change_no_key ON survey_visits (district_code, change_no);
CREATE INDEX survey_visits_occurred_at_idx ON survey_visits (district_code, occurred_at DESC, id DESC);
CREATE INDEX survey_visits_round_id_idx ON survey_visits (district_code, round_id, occurred_at DESC, id DESC);
CREATE INDEX survey_visits_household_id_idx ON survey_visits (district_code, household_id, occurred_at DESC, id DESC);
CREATE INDEX survey_visits_person_id_idx ON survey_visits (district_code, person_id, occurred_at DESC, id DESC);
COMMENT ON TABLE survey_visits IS 'Somebody looked at a household or a person, or tried to';

CREATE INDEX households_merged_into_idx ON households (district_code, merged_into) WHERE merged_into IS NOT NULL;
CREATE VIEW households_by_alias AS SELECT district_code, id, aliases FROM households;
COMMENT ON VIEW households_by_alias IS 'Which id an alias stands for, read past row-level security: ids only, nothing personal';

CREATE TABLE survey_targets (
    district_code text COLLATE "C" NOT NULL,
    round_id uuid NOT NULL,
    target_id uuid NOT NULL,
    household_id uuid,
    person_id uuid,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    grid_cell_id uuid,
    household_group_id uuid,
    place_id uuid,
    PRIMARY KEY (district_code, round_id, target_id)
);
COMMENT ON TABLE survey_targets IS 'Whom a survey round looks at, drawn up from the registers as they stood before its start; made anew from the ledger at any time';

CREATE TABLE survey_target_persons (
    district_code text COLLATE "C" NOT NULL,
    round_id uuid NOT NULL,
    target_id uuid NOT NULL,
    person_id uuid NOT NULL,
    PRIMARY KEY (district_code, round_id, target_id, person_id)
);
COMMENT ON TABLE survey_target_persons IS 'Persons that belong to the targets of a survey round, as the register said before its start';
