ALTER TABLE sessions DROP COLUMN device_blind_index;
ALTER TABLE sessions DROP COLUMN device;
ALTER TABLE held_items DROP COLUMN device;
ALTER TABLE sync_conflicts DROP COLUMN device;
