-- Whoever watches a place reads what is recorded at it; whoever is to deliver a request sees it.
ALTER TABLE places ADD COLUMN supervising_org_ids jsonb;
COMMENT ON COLUMN places.supervising_org_ids IS 'The organisations that watch it, a list of ids';
ALTER TABLE need_requests ADD COLUMN assigned_org_id uuid;
COMMENT ON COLUMN need_requests.assigned_org_id IS 'The organisation that is to deliver it';
CREATE INDEX need_requests_assigned_org_id_idx ON need_requests (district_code, assigned_org_id) WHERE assigned_org_id IS NOT NULL;
