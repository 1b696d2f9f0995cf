ALTER TABLE record_rollups ADD COLUMN org_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';
ALTER TABLE record_rollups DROP CONSTRAINT record_rollups_pkey;
ALTER TABLE record_rollups ADD PRIMARY KEY (district_code, kind, on_day, area_code, place_id, measure, org_id);
COMMENT ON COLUMN record_rollups.org_id IS 'The nil id where a record has no organisation';

CREATE TABLE hourly_rollups (
    district_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    on_day date NOT NULL,
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    area_code text COLLATE "C" NOT NULL,
    place_id uuid NOT NULL,
    org_id uuid NOT NULL,
    measure text COLLATE "C" NOT NULL,
    total bigint NOT NULL,
    PRIMARY KEY (district_code, kind, on_day, hour, area_code, place_id, measure, org_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE hourly_rollups IS 'As record_rollups, by the hour of the day in the district''s zone, for the measures that ask for it';

CREATE TABLE person_presences (
    district_code text COLLATE "C" NOT NULL,
    person_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    on_day date NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    place_id uuid NOT NULL,
    total bigint NOT NULL,
    PRIMARY KEY (district_code, person_id, kind, on_day, area_code, place_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE person_presences IS 'How many records of a kind name a person on a day at a place: what distinct persons are counted from. Of the id in the record, merged or not';

CREATE TABLE person_rollups (
    district_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    on_day date NOT NULL,
    persons bigint NOT NULL,
    new_in_month bigint NOT NULL,
    new_ever bigint NOT NULL,
    PRIMARY KEY (district_code, kind, scope, on_day)
) WITH (fillfactor = 50);
COMMENT ON TABLE person_rollups IS 'Distinct persons, merged ones as one, kept in the transaction of the write';
COMMENT ON COLUMN person_rollups.scope IS 'Code of the district, township or village, or the id of a place';
COMMENT ON COLUMN person_rollups.new_in_month IS 'Persons of that day who are not there on an earlier day of its month: their sum until a day is the month''s distinct persons until then';
COMMENT ON COLUMN person_rollups.new_ever IS 'Persons of that day who are not there on any earlier day: their sum until a day is the distinct persons ever until then';
