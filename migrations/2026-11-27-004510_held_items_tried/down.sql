ALTER TABLE held_items DROP COLUMN tried_at;
