CREATE TABLE liaisons (
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
    with_org_id uuid,
    with_area_code text COLLATE "C",
    channel text COLLATE "C" NOT NULL,
    CHECK (with_org_id IS NOT NULL OR with_area_code IS NOT NULL),
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX liaisons_change_no_key ON liaisons (district_code, change_no);
CREATE INDEX liaisons_occurred_at_idx ON liaisons (district_code, occurred_at DESC, id DESC);
CREATE INDEX liaisons_with_org_id_idx ON liaisons (district_code, with_org_id, occurred_at DESC, id DESC);
CREATE INDEX liaisons_with_area_code_idx ON liaisons (district_code, with_area_code, occurred_at DESC, id DESC);
COMMENT ON TABLE liaisons IS 'What units and communities spoke about; about what is in the envelope';

CREATE TABLE tips (
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
    channel text COLLATE "C" NOT NULL,
    about_area_code text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    handled_by_org_id uuid,
    handled_at timestamptz,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX tips_change_no_key ON tips (district_code, change_no);
CREATE INDEX tips_occurred_at_idx ON tips (district_code, occurred_at DESC, id DESC);
CREATE INDEX tips_status_idx ON tips (district_code, status, occurred_at DESC, id DESC);
CREATE INDEX tips_handled_by_org_id_idx ON tips (district_code, handled_by_org_id, occurred_at DESC, id DESC);
COMMENT ON TABLE tips IS 'What the public told; what, and who told it, is in the envelope';

CREATE TABLE incidents (
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
    incident_kind text COLLATE "C" NOT NULL,
    place_id uuid,
    channel text COLLATE "C",
    stopped boolean,
    outcome text COLLATE "C",
    violation_id uuid,
    correction_id uuid,
    tip_id uuid,
    handled_at timestamptz,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX incidents_change_no_key ON incidents (district_code, change_no);
CREATE INDEX incidents_occurred_at_idx ON incidents (district_code, occurred_at DESC, id DESC);
CREATE INDEX incidents_incident_kind_idx ON incidents (district_code, incident_kind, occurred_at DESC, id DESC);
CREATE INDEX incidents_place_id_idx ON incidents (district_code, place_id, occurred_at DESC, id DESC);
CREATE INDEX incidents_tip_id_idx ON incidents (district_code, tip_id, occurred_at DESC, id DESC);
COMMENT ON TABLE incidents IS 'Rumours, panic, visits, gatherings that were met with, and what came of them; what happened is in the envelope';

-- Rumours and panic are dealt with within half a day, tips are looked into within a day.
INSERT INTO duty_cadences (id, area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, source, created_by, created_at, escalation_levels) VALUES
    ('0170a000-0001-7000-8000-000000009951', NULL, '2020-01-24', 'incident_handling', true, 1, NULL, NULL, 720, '大兴街道防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 1),
    ('0170a000-0001-7000-8000-000000009952', NULL, '2020-01-24', 'tip_check', true, 1, NULL, NULL, 1440, '大兴街道防控工作要求', NULL, '2020-01-24T00:00:00+08:00', 1);
