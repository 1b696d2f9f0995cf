CREATE TABLE duty_cadences (
    id uuid PRIMARY KEY,
    area_code text COLLATE "C",
    effective_on date NOT NULL,
    duty_kind text COLLATE "C" NOT NULL,
    active boolean NOT NULL,
    every_days integer NOT NULL CHECK (every_days BETWEEN 1 AND 30),
    opens_minute integer CHECK (opens_minute BETWEEN 0 AND 1439),
    due_minute integer CHECK (due_minute BETWEEN 1 AND 1440 AND due_minute > opens_minute),
    within_minutes integer CHECK (within_minutes BETWEEN 5 AND 10080),
    source text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX duty_cadences_effective_on_idx ON duty_cadences (effective_on, id);
COMMENT ON TABLE duty_cadences IS 'What is expected how often: the narrowest area and the latest day in force decide';
COMMENT ON COLUMN duty_cadences.area_code IS 'That division and all below; null for everywhere';
COMMENT ON COLUMN duty_cadences.opens_minute IS 'Minutes after midnight of the district''s zone';
COMMENT ON COLUMN duty_cadences.within_minutes IS 'So soon after its cause; with a window, at a random time inside it for so long';
INSERT INTO duty_cadences VALUES
    ('0170a000-0001-7000-8000-000000000001', NULL, '2020-01-24', 'am_reading', true, 1, 360, 720, NULL, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000002', NULL, '2020-01-24', 'pm_reading', true, 1, 840, 1320, NULL, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000003', NULL, '2020-01-24', 'town_visit', true, 1, 480, 1200, NULL, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000004', NULL, '2020-01-24', 'village_check', true, 1, 480, 1200, NULL, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000005', NULL, '2020-01-24', 'group_check', true, 1, 480, 1320, NULL, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000006', NULL, '2020-01-24', 'police_check', true, 1, 480, 1200, 120, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000007', NULL, '2020-01-24', 'notice_signing', true, 1, NULL, NULL, 1440, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000008', NULL, '2020-01-24', 'supervisor_assignment', true, 1, NULL, NULL, 1440, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000009', NULL, '2020-01-24', 'retest', true, 1, NULL, NULL, 60, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000010', NULL, '2020-01-24', 'fever_alert', true, 1, NULL, NULL, 120, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000011', NULL, '2020-01-24', 'symptom_alert', true, 1, NULL, NULL, 240, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000012', NULL, '2020-01-24', 'no_contact_alert', true, 1, NULL, NULL, 120, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00'),
    ('0170a000-0001-7000-8000-000000000013', NULL, '2020-01-24', 'errand_delivery', true, 1, NULL, NULL, 1440, '八步镇防控工作要求', NULL, '2020-01-24T00:00:00+08:00');
CREATE TABLE worker_leases (
    name text PRIMARY KEY,
    holder uuid NOT NULL,
    held_until timestamptz NOT NULL
);
COMMENT ON TABLE worker_leases IS 'Which process does what only one does at a time';
