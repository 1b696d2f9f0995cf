ALTER TABLE places DROP COLUMN operating_status_since_at;
