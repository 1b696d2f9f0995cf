-- A correction may say that another event was meant; somebody lost is searched for.
ALTER TABLE isolation_case_transitions ADD COLUMN anchor text COLLATE "C";
COMMENT ON COLUMN isolation_case_transitions.anchor IS 'Of corrections: from what the days are counted, where that was wrong too';
INSERT INTO duty_cadences VALUES
    ('0170a000-0001-7000-8000-000000000041', NULL, '2020-01-24', 'search', true, 1, NULL, NULL, 120, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00');
