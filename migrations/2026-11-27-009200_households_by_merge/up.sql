-- Who and what was merged into whom, by ids alone: a chain of merges leads through areas that its reader doesn't see.
CREATE VIEW people_by_merge AS SELECT district_code, id, merged_into FROM people WHERE merged_into IS NOT NULL;
COMMENT ON VIEW people_by_merge IS 'Which person a merged one became, read past row-level security: ids only, nothing personal';
CREATE VIEW households_by_merge AS SELECT district_code, id, merged_into FROM households WHERE merged_into IS NOT NULL;
COMMENT ON VIEW households_by_merge IS 'Which household a merged one became, read past row-level security: ids only, nothing personal';

-- The how-manieth attempt a visit is, counts those that its reader doesn't see, too.
CREATE VIEW survey_visits_by_target AS
    SELECT district_code, id, round_id, household_id, person_id, occurred_at
    FROM survey_visits WHERE NOT voided AND (capture -> 'awaited') IS NULL;
COMMENT ON VIEW survey_visits_by_target IS 'When which household or person was visited, read past row-level security: ids and times only, nothing personal';

-- Households at one door are found by it, however they came there.
ALTER TABLE households ADD COLUMN door_key uuid;
CREATE INDEX households_door_key_idx ON households (district_code, door_key) WHERE door_key IS NOT NULL;
