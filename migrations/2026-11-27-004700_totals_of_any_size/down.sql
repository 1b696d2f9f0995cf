ALTER TABLE hourly_rollups ALTER COLUMN total TYPE bigint;
ALTER TABLE record_rollups ALTER COLUMN total TYPE bigint;
