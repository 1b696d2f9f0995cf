-- Words about people are sealed from now on: the columns stay for the rows that a former release wrote, until
-- `lianfang seal` has moved them; a later release drops them.
ALTER TABLE need_requests ALTER COLUMN items DROP NOT NULL;
ALTER TABLE deliveries ALTER COLUMN items DROP NOT NULL;
COMMENT ON COLUMN need_requests.items IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN deliveries.items IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN deliveries.proof_reference IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN volunteers.skills IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN isolation_case_transitions.hospital IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN enforcement_actions.finding IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN stock_movements.counterpart IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN service_records.content IS 'Of rows that a former release wrote; now in the envelope';
COMMENT ON COLUMN people.categories IS 'Which and from when until when; how each is known is in the envelope';
