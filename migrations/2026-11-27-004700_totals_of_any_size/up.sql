-- Amounts may be absurd, their sums must not fail: ninety thousand movements of 99,999,999 t, counted in millionths,
-- are more than a bigint holds. Rewrites both tables, which are small beside their records: seconds.
ALTER TABLE record_rollups ALTER COLUMN total TYPE numeric;
ALTER TABLE hourly_rollups ALTER COLUMN total TYPE numeric;
