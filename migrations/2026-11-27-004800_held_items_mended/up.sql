-- A held item runs with the rights its author had when he wrote it last, and whoever lets it through says which
-- writing he saw.
ALTER TABLE held_items
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN mended_at timestamptz;
COMMENT ON COLUMN held_items.mended_at IS 'When its author changed its body last';
