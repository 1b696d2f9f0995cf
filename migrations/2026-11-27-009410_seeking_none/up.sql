-- Lists of what lacks something, the newest first: an index by the value holds those that have none in no order that helps.
CREATE INDEX households_no_group_idx ON households (district_code, occurred_at DESC, id DESC) WHERE household_group_id IS NULL;
CREATE INDEX households_no_grid_cell_idx ON households (district_code, occurred_at DESC, id DESC) WHERE grid_cell_id IS NULL;
CREATE INDEX need_requests_unassigned_idx ON need_requests (district_code, occurred_at DESC, id DESC) WHERE assigned_org_id IS NULL;
