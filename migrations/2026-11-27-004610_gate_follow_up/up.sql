-- An abnormal passage asks the health centre to look after the person.
INSERT INTO duty_cadences VALUES
    ('0170a000-0001-7000-8000-000000004610', NULL, '2020-01-20', 'gate_follow_up', true, 1, NULL, NULL, 120, '问检登异常人员随访要求', NULL, '2020-01-20T00:00:00+08:00');
