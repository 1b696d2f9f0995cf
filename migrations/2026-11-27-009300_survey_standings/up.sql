-- How the targets of survey rounds stand, kept so that coverage needn't be counted from every visit each time.

ALTER TABLE survey_rounds ADD COLUMN closed_at timestamptz;

CREATE TABLE survey_tellings (
    district_code text COLLATE "C" NOT NULL,
    visit_id uuid NOT NULL,
    revision integer NOT NULL,
    no integer NOT NULL,
    round_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    of_household boolean NOT NULL,
    member boolean NOT NULL,
    confirms boolean NOT NULL,
    result text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    PRIMARY KEY (district_code, visit_id, revision, no)
);
CREATE INDEX survey_tellings_subject_idx ON survey_tellings (district_code, round_id, subject_id);
COMMENT ON TABLE survey_tellings IS 'Of whom the visits of rounds tell: the household or the person that was visited, and each member that a visit names; written with the visits, made anew from them at any time';

-- Visits of this release's own beginnings: none where it is installed.
INSERT INTO survey_tellings
SELECT v.district_code, v.id, v.revision, 0, v.round_id, coalesce(v.household_id, v.person_id), v.household_id IS NOT NULL, false,
    v.person_id IS NOT NULL AND v.verification IS NOT NULL AND v.verification IN ('confirmed', 'changed'), v.result, v.channel, v.occurred_at, v.area_code
FROM survey_visits AS v WHERE v.round_id IS NOT NULL AND NOT v.voided AND (v.capture -> 'awaited') IS NULL
UNION ALL
SELECT v.district_code, v.id, v.revision, m.no::integer, v.round_id, (m.item ->> 'person_id')::uuid, v.household_id IS NOT NULL, true,
    m.item ->> 'status' <> 'not_here', 'reached', v.channel, v.occurred_at, v.area_code
FROM survey_visits AS v CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(v.members) = 'array' THEN v.members ELSE '[]' END) WITH ORDINALITY AS m(item, no)
WHERE v.round_id IS NOT NULL AND NOT v.voided AND (v.capture -> 'awaited') IS NULL;

CREATE TABLE survey_standings (
    district_code text COLLATE "C" NOT NULL,
    round_id uuid NOT NULL,
    target_id uuid NOT NULL,
    listed boolean NOT NULL,
    household_id uuid,
    person_id uuid,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    grid_cell_id uuid,
    household_group_id uuid,
    place_id uuid,
    attempts bigint NOT NULL,
    last_visit_at timestamptz,
    done_as text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    decided_at timestamptz,
    channel text COLLATE "C",
    persons bigint NOT NULL,
    persons_confirmed bigint NOT NULL,
    PRIMARY KEY (district_code, round_id, target_id)
);
CREATE INDEX survey_standings_grid_cell_id_idx ON survey_standings (district_code, round_id, grid_cell_id);
CREATE INDEX survey_standings_household_group_id_idx ON survey_standings (district_code, round_id, household_group_id);
COMMENT ON TABLE survey_standings IS 'How the targets of rounds stood at a number, and what was visited beside the lists; whoever reads adds what was written since';

CREATE TABLE survey_standing_heads (
    district_code text COLLATE "C" NOT NULL,
    round_id uuid NOT NULL,
    as_of bigint NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (district_code, round_id)
);
COMMENT ON TABLE survey_standing_heads IS 'The number as of which the standings of a round are kept, and the end of the round that they know';

CREATE INDEX survey_target_persons_person_id_idx ON survey_target_persons (district_code, round_id, person_id);
