-- What a device calls itself is found by its blind index and shown from its envelope; `device_id` stays for rows that a
-- former release wrote.
ALTER TABLE sessions ADD COLUMN device_blind_index bytea;
ALTER TABLE sessions ADD COLUMN device bytea;
ALTER TABLE held_items ADD COLUMN device bytea;
ALTER TABLE sync_conflicts ADD COLUMN device bytea;
COMMENT ON COLUMN sessions.device_blind_index IS 'Keyed hash of what the device called itself';
COMMENT ON COLUMN sessions.device IS 'Encrypted envelope of what the device called itself';
COMMENT ON COLUMN sessions.device_id IS 'Of rows that a former release wrote';
COMMENT ON COLUMN held_items.device IS 'Encrypted envelope of what the device called itself';
COMMENT ON COLUMN held_items.device_id IS 'Of rows that a former release wrote';
COMMENT ON COLUMN sync_conflicts.device IS 'Encrypted envelope of what the device called itself';
COMMENT ON COLUMN sync_conflicts.device_id IS 'Of rows that a former release wrote';
