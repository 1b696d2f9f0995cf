-- Banquets, rumours, prices are nobody's case: they are at a place, or somebody's.
ALTER TABLE violations ALTER COLUMN case_id DROP NOT NULL;
ALTER TABLE violations ADD COLUMN place_id uuid;
ALTER TABLE violations ADD COLUMN person_id uuid;
CREATE INDEX violations_place_id_idx ON violations (district_code, place_id, occurred_at DESC, id DESC) WHERE place_id IS NOT NULL;
CREATE INDEX violations_person_id_idx ON violations (district_code, person_id, occurred_at DESC, id DESC) WHERE person_id IS NOT NULL;
CREATE INDEX violations_no_case_idx ON violations (district_code, occurred_at DESC, id DESC) WHERE case_id IS NULL;
COMMENT ON TABLE violations IS 'Violations of the rules of observation, and of those for everybody';
COMMENT ON COLUMN violations.case_id IS 'Null of what is nobody''s case';
COMMENT ON COLUMN violations.person_id IS 'Null of what is at a place, and of cases'' violations that an earlier release wrote';
