ALTER TABLE audit_log ADD COLUMN area_code text COLLATE "C";
COMMENT ON COLUMN audit_log.area_code IS 'The area it concerns, for the scope of auditors; null where nobody known acted';
CREATE INDEX ledger_entries_recorded_at_idx ON ledger_entries (district_code, recorded_at);
