-- A second check-in of one assignment is kept and told.
ALTER TABLE shift_attendances ADD COLUMN repeated boolean;
COMMENT ON COLUMN shift_attendances.repeated IS 'Whether the assignment had a check-in already; NULL of check-outs and of an earlier release';
