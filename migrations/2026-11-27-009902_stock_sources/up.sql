-- A movement may be made by a donation or an issue, and then goes with it.
ALTER TABLE stock_movements ADD COLUMN cost_cny numeric;
ALTER TABLE stock_movements ADD COLUMN source_kind text COLLATE "C";
ALTER TABLE stock_movements ADD COLUMN source_id uuid;
CREATE INDEX stock_movements_source_id_idx ON stock_movements (district_code, source_id) WHERE source_id IS NOT NULL;
COMMENT ON COLUMN stock_movements.source_id IS 'The donation or issue that made it; nobody changes it by hand';
