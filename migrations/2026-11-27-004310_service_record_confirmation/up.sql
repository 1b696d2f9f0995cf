-- Hours outside the shift count once an organiser says so: what was claimed stands beside what counts.
ALTER TABLE service_records
    ADD COLUMN attended_from timestamptz,
    ADD COLUMN attended_until timestamptz,
    ADD COLUMN unconfirmed_minutes integer,
    ADD COLUMN confirmation text COLLATE "C",
    ADD COLUMN pending boolean;
COMMENT ON COLUMN service_records.confirmation IS 'NULL where nothing had to be confirmed, and of records of an earlier release';
COMMENT ON COLUMN service_records.pending IS 'Whether none of its hours count yet; NULL is no';
