CREATE TABLE counseling_sessions (
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
    campaign text,
    partner_org_id uuid,
    channel text COLLATE "C" NOT NULL,
    client_age_band text COLLATE "C" NOT NULL,
    is_minor boolean,
    topic text COLLATE "C" NOT NULL,
    minutes integer NOT NULL CHECK (minutes BETWEEN 1 AND 600),
    referred boolean NOT NULL,
    crisis boolean NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX counseling_sessions_change_no_key ON counseling_sessions (district_code, change_no);
CREATE INDEX counseling_sessions_occurred_at_idx ON counseling_sessions (district_code, occurred_at DESC, id DESC);
CREATE INDEX counseling_sessions_partner_org_id_idx ON counseling_sessions (district_code, partner_org_id, occurred_at DESC, id DESC);
COMMENT ON TABLE counseling_sessions IS 'Closed room: counselling sessions, of nobody';
