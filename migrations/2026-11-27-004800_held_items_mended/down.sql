ALTER TABLE held_items DROP COLUMN revision, DROP COLUMN mended_at;
