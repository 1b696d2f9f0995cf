DROP INDEX need_requests_assigned_org_id_idx;
ALTER TABLE need_requests DROP COLUMN assigned_org_id;
ALTER TABLE places DROP COLUMN supervising_org_ids;
