ALTER TABLE isolation_cases DROP CONSTRAINT isolation_cases_state_check;
ALTER TABLE isolation_cases ADD CONSTRAINT isolation_cases_state_check CHECK (state IN ('identified', 'notified', 'under_observation', 'suspended_referral', 'lost_contact', 'completed', 'dismissed', 'became_case', 'centralized', 'transferred_out', 'voided')) NOT VALID;
DELETE FROM duty_cadences WHERE id = '0170a000-0001-7000-8000-000000004210';
ALTER TABLE duty_cadences DROP COLUMN escalation_levels;
