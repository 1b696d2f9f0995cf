-- The columns stay as they are: rows written since have nothing in them.
COMMENT ON COLUMN need_requests.items IS NULL;
COMMENT ON COLUMN deliveries.items IS NULL;
COMMENT ON COLUMN deliveries.proof_reference IS NULL;
COMMENT ON COLUMN volunteers.skills IS NULL;
COMMENT ON COLUMN isolation_case_transitions.hospital IS NULL;
COMMENT ON COLUMN enforcement_actions.finding IS NULL;
COMMENT ON COLUMN stock_movements.counterpart IS NULL;
COMMENT ON COLUMN service_records.content IS NULL;
COMMENT ON COLUMN people.categories IS NULL;
