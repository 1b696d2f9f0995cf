ALTER TABLE isolation_cases DROP COLUMN state_history;
