-- Checkpoints and disposal points are set up by somebody on a day and taken away on another; restaurants have seats.
ALTER TABLE places ADD COLUMN established_on date;
ALTER TABLE places ADD COLUMN established_by_org_id uuid;
ALTER TABLE places ADD COLUMN dismantled_on date;
ALTER TABLE places ADD COLUMN seats integer;
CREATE INDEX places_established_by_org_id_idx ON places (district_code, established_by_org_id, occurred_at DESC, id DESC) WHERE established_by_org_id IS NOT NULL;
CREATE INDEX places_mask_points_idx ON places (district_code, id) WHERE kind = 'mask_disposal_point';
CREATE INDEX places_parent_id_idx ON places (district_code, parent_id) WHERE parent_id IS NOT NULL;
COMMENT ON COLUMN places.established_by_org_id IS 'The organisation that set it up, or whose people helped to';
COMMENT ON COLUMN places.dismantled_on IS 'The day on which it was taken away';
