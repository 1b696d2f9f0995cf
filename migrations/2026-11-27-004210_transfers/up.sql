-- Which kinds of duties go on escalating while nobody answers, and how far, is dated data as the rest.
ALTER TABLE duty_cadences ADD COLUMN escalation_levels integer NOT NULL DEFAULT 1 CHECK (escalation_levels BETWEEN 1 AND 5);
COMMENT ON COLUMN duty_cadences.escalation_levels IS 'How many levels up a missed duty goes, an hour apart, while nobody answers';
UPDATE duty_cadences SET escalation_levels = 3
WHERE created_by IS NULL AND duty_kind IN ('retest', 'fever_alert', 'symptom_alert', 'no_contact_alert', 'notice_signing', 'supervisor_assignment');
INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000004210', NULL, '2020-01-24', 'accept_transfer', true, 1, NULL, NULL, 240, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 3);
-- A case that was closed because its person has another one.
ALTER TABLE isolation_cases DROP CONSTRAINT isolation_cases_state_check;
ALTER TABLE isolation_cases ADD CONSTRAINT isolation_cases_state_check CHECK (state IN ('identified', 'notified', 'under_observation', 'suspended_referral', 'lost_contact', 'completed', 'dismissed', 'became_case', 'centralized', 'transferred_out', 'merged', 'voided')) NOT VALID;
