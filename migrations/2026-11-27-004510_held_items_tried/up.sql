ALTER TABLE held_items ADD COLUMN tried_at timestamptz;
COMMENT ON COLUMN held_items.tried_at IS 'When the service last tried it again by itself';
