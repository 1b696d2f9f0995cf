-- Whoever sees a case sees all that belongs to it, wherever that was recorded; of a case that moved on, those
-- whence it came see it until it is accepted.
ALTER TABLE isolation_cases ADD COLUMN area_history jsonb;
COMMENT ON COLUMN isolation_cases.area_history IS 'Where it stood before, each until when, and since when the next one accepted it; areas of cases merged with it. NULL where it never moved';
CREATE TABLE isolation_case_sights (
    district_code text COLLATE "C" NOT NULL,
    case_id uuid NOT NULL,
    revision integer NOT NULL,
    item integer NOT NULL,
    person_id uuid NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    PRIMARY KEY (district_code, case_id, revision, item)
);
CREATE INDEX isolation_case_sights_area_code_idx ON isolation_case_sights (district_code, area_code);
COMMENT ON TABLE isolation_case_sights IS 'From where cases are seen, kept beside them: one row for where a case stands, one for each that sees it too';
COMMENT ON COLUMN isolation_case_sights.item IS '0 for where it stands; else the place in area_history';
-- A few thousand cases a district: a moment, and nothing is locked that anybody writes.
INSERT INTO isolation_case_sights
SELECT district_code, id, revision, 0, person_id, area_code, org_id FROM isolation_cases;
