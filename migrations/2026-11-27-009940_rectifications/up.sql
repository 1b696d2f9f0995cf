CREATE TABLE oversight_checks (
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
    checked_org_id uuid NOT NULL,
    by_org_id uuid,
    findings jsonb,
    passed boolean NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX oversight_checks_change_no_key ON oversight_checks (district_code, change_no);
CREATE INDEX oversight_checks_occurred_at_idx ON oversight_checks (district_code, occurred_at DESC, id DESC);
CREATE INDEX oversight_checks_checked_org_id_idx ON oversight_checks (district_code, checked_org_id, occurred_at DESC, id DESC);
COMMENT ON TABLE oversight_checks IS 'How organisations do their work, looked at by those who oversee it; what was found is in the envelope';

CREATE TABLE rectifications (
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
    place_id uuid,
    subject_org_id uuid,
    due_on date NOT NULL,
    source_kind text COLLATE "C",
    source_id uuid,
    line_no integer,
    state text COLLATE "C" NOT NULL CHECK (state IN ('issued', 'reported', 'verified', 'rejected', 'waived')),
    extended_to date,
    due_at timestamptz NOT NULL,
    overdue boolean NOT NULL,
    state_history jsonb,
    CHECK (place_id IS NOT NULL OR subject_org_id IS NOT NULL),
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX rectifications_change_no_key ON rectifications (district_code, change_no);
CREATE INDEX rectifications_occurred_at_idx ON rectifications (district_code, occurred_at DESC, id DESC);
CREATE INDEX rectifications_place_id_idx ON rectifications (district_code, place_id, occurred_at DESC, id DESC);
CREATE INDEX rectifications_subject_org_id_idx ON rectifications (district_code, subject_org_id, occurred_at DESC, id DESC);
CREATE INDEX rectifications_source_id_idx ON rectifications (district_code, source_id, occurred_at DESC, id DESC);
CREATE INDEX rectifications_state_idx ON rectifications (district_code, state, occurred_at DESC, id DESC);
COMMENT ON TABLE rectifications IS 'What has to be put right until when: lines of inspections and oversight checks, or posted; what exactly is in the envelope';
-- Those that run out next, of those still to be mended.
CREATE INDEX rectifications_due_at_idx ON rectifications (district_code, due_at) WHERE state IN ('issued', 'rejected') AND NOT overdue AND NOT voided;
CREATE INDEX rectifications_overdue_idx ON rectifications (district_code, occurred_at DESC, id DESC) WHERE overdue;

CREATE TABLE rectification_steps (
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
    rectification_id uuid NOT NULL,
    step text COLLATE "C" NOT NULL,
    due_on date,
    place_id uuid,
    counterpart_org_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX rectification_steps_change_no_key ON rectification_steps (district_code, change_no);
CREATE INDEX rectification_steps_occurred_at_idx ON rectification_steps (district_code, occurred_at DESC, id DESC);
CREATE INDEX rectification_steps_rectification_id_idx ON rectification_steps (district_code, rectification_id, occurred_at DESC, id DESC);
CREATE INDEX rectification_steps_counterpart_org_id_idx ON rectification_steps (district_code, counterpart_org_id, occurred_at DESC, id DESC);
COMMENT ON TABLE rectification_steps IS 'Steps of rectifications: reported, verified, rejected, extended, waived; why and by what it is seen is in the envelope';

-- Mended until the end of its day; each report is looked at within three days.
INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000009941', NULL, '2020-01-24', 'rectification', true, 1, NULL, NULL, NULL, '整改要求所定期限', NULL, '2020-01-24T00:00:00+08:00', 1),
    ('0170a000-0001-7000-8000-000000009942', NULL, '2020-01-24', 'rectification_check', true, 1, NULL, NULL, 4320, '区经济合作和商务局检查要求', NULL, '2020-01-24T00:00:00+08:00', 1);
