CREATE TABLE observation_policies (
    id uuid PRIMARY KEY,
    area_code text COLLATE "C",
    effective_on date NOT NULL,
    observation_days integer NOT NULL CHECK (observation_days BETWEEN 1 AND 60),
    fever_c numeric(3, 1) NOT NULL CHECK (fever_c BETWEEN 35.0 AND 40.0),
    retest_below_c numeric(3, 1) NOT NULL CHECK (retest_below_c BETWEEN 30.0 AND 36.5),
    source text NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX observation_policies_effective_on_idx ON observation_policies (effective_on, id);
COMMENT ON TABLE observation_policies IS 'What counts as fever and how long is observed: the narrowest area and the latest day in force decide';
COMMENT ON COLUMN observation_policies.area_code IS 'That division and all below; null for everywhere';
COMMENT ON COLUMN observation_policies.fever_c IS 'Degrees Celsius; from here on a temperature is abnormal';
COMMENT ON COLUMN observation_policies.retest_below_c IS 'Degrees Celsius; below it a thermometer was too cold';
INSERT INTO observation_policies VALUES
    ('0170a000-0000-7000-8000-000000000001', NULL, '2020-01-24', 14, 37.3, 35.0, '肺炎机制发〔2020〕5号', NULL, '2020-01-24T00:00:00+08:00');
