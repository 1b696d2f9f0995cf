CREATE TABLE disputes (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    change_no bigint NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    revised_at timestamptz NOT NULL,
    revised_by uuid NOT NULL,
    voided boolean NOT NULL,
    capture jsonb NOT NULL,
    submission_digest bytea NOT NULL,
    personal bytea,
    digest bytea NOT NULL,
    dispute_kind text COLLATE "C" NOT NULL,
    caused_by_epidemic boolean NOT NULL,
    people integer NOT NULL CHECK (people > 0),
    severity text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    handled_at timestamptz,
    handled_by_org_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX disputes_change_no_key ON disputes (district_code, change_no);
CREATE INDEX disputes_occurred_at_idx ON disputes (district_code, occurred_at DESC, id DESC);
CREATE INDEX disputes_status_idx ON disputes (district_code, status, occurred_at DESC, id DESC);
CREATE INDEX disputes_handled_by_org_id_idx ON disputes (district_code, handled_by_org_id, occurred_at DESC, id DESC);
COMMENT ON TABLE disputes IS 'Disputes because of the epidemic; who quarrels is in the envelope';

-- A major dispute is handled within a day at most, whatever others are given.
INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000009983', NULL, '2020-01-24', 'dispute_handling', true, 1, NULL, NULL, 4320, '区司法局疫情防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 1);
CREATE INDEX duties_dispute_handling_idx ON duties (district_code, opens_at) WHERE duty_kind = 'dispute_handling' AND state = 'open' AND assignee_id IS NULL;
