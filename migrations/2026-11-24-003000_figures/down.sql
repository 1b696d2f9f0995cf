DROP TABLE person_rollups;
DROP TABLE person_presences;
DROP TABLE hourly_rollups;
ALTER TABLE record_rollups DROP CONSTRAINT record_rollups_pkey;
CREATE TEMPORARY TABLE summed ON COMMIT DROP AS
    SELECT district_code, kind, on_day, area_code, place_id, measure, sum(total)::bigint AS total FROM record_rollups GROUP BY 1, 2, 3, 4, 5, 6;
DELETE FROM record_rollups;
ALTER TABLE record_rollups DROP COLUMN org_id;
INSERT INTO record_rollups SELECT * FROM summed;
ALTER TABLE record_rollups ADD PRIMARY KEY (district_code, kind, on_day, area_code, place_id, measure);
