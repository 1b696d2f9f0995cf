CREATE TABLE need_requests (
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
    person_id uuid,
    items jsonb NOT NULL,
    cancelled boolean NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'partly_delivered', 'delivered', 'cancelled')),
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX need_requests_change_no_key ON need_requests (district_code, change_no);
CREATE INDEX need_requests_occurred_at_idx ON need_requests (district_code, occurred_at DESC, id DESC);
CREATE INDEX need_requests_state_idx ON need_requests (district_code, state, occurred_at DESC, id DESC);
COMMENT ON TABLE need_requests IS 'What households ask for; who and where is in the envelope';

CREATE TABLE deliveries (
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
    need_request_id uuid NOT NULL,
    items jsonb NOT NULL,
    completes boolean,
    proof text COLLATE "C" NOT NULL,
    proof_reference text,
    courier_org_id uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX deliveries_change_no_key ON deliveries (district_code, change_no);
CREATE INDEX deliveries_occurred_at_idx ON deliveries (district_code, occurred_at DESC, id DESC);
CREATE INDEX deliveries_need_request_id_idx ON deliveries (district_code, need_request_id);
COMMENT ON TABLE deliveries IS 'What was brought for requests';

CREATE TABLE enforcement_actions (
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
    action_kind text COLLATE "C" NOT NULL,
    place_id uuid NOT NULL,
    alert_id uuid,
    officer_count integer NOT NULL,
    letter_number text,
    basis text,
    finding text,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX enforcement_actions_change_no_key ON enforcement_actions (district_code, change_no);
CREATE INDEX enforcement_actions_occurred_at_idx ON enforcement_actions (district_code, occurred_at DESC, id DESC);
CREATE INDEX enforcement_actions_alert_id_idx ON enforcement_actions (district_code, alert_id);
COMMENT ON TABLE enforcement_actions IS 'Visits, warning letters, interviews about prices';
