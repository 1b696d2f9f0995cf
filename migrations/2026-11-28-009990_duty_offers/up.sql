-- An open duty may be offered to somebody, who takes it or doesn't; until then it stays whose it was. Few are, so that
-- the index of the offered has hardly any row.
ALTER TABLE duties ADD COLUMN offered_to uuid;
CREATE INDEX duties_offered_to_idx ON duties (district_code, offered_to, occurred_at DESC, id DESC) WHERE offered_to IS NOT NULL;
COMMENT ON COLUMN duties.offered_to IS 'The account to which an open duty was offered and that has not answered yet';
