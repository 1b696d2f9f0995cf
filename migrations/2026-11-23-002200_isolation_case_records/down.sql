DROP TABLE patrol_logs;
DROP TABLE violations;
DROP TABLE errands;
DROP TABLE spot_checks;
DROP TABLE follow_up_visits;
DROP TABLE temperature_readings;
DROP TABLE isolation_case_transitions;
DROP TABLE observation_notices;
