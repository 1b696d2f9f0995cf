DROP TABLE isolation_case_sights;
ALTER TABLE isolation_cases DROP COLUMN area_history;
