-- A group without a leader, a household with somebody who is ill and a key person nobody looks after ask for somebody;
-- a share of a survey round is due with the round.
INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000009101', NULL, '2020-01-24', 'survey_share', true, 1, NULL, NULL, NULL, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 1),
    ('0170a000-0001-7000-8000-000000009102', NULL, '2020-01-24', 'group_leader', true, 1, NULL, NULL, 1440, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 1),
    ('0170a000-0001-7000-8000-000000009103', NULL, '2020-01-24', 'symptom_check', true, 1, NULL, NULL, 240, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 3),
    ('0170a000-0001-7000-8000-000000009104', NULL, '2020-01-24', 'key_person_care', true, 1, NULL, NULL, 1440, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 1);

CREATE INDEX duties_duty_kind_idx ON duties (district_code, duty_kind, opens_at) WHERE duty_kind IN ('survey_share', 'group_leader', 'symptom_check', 'key_person_care');
CREATE INDEX survey_visits_abnormal_idx ON survey_visits (district_code, occurred_at) WHERE abnormal;
