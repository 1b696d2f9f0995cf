DROP INDEX ledger_entries_recorded_at_idx;
ALTER TABLE audit_log DROP COLUMN area_code;
