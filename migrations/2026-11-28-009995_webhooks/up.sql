-- Somewhere outside that is told of changes: a cursor on its district's feed. There is no queue: the ledger is.
CREATE TABLE webhook_endpoints (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    settings jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('active', 'paused', 'failing', 'disabled')),
    state_reason text COLLATE "C",
    untested boolean NOT NULL DEFAULT false,
    revision bigint NOT NULL DEFAULT 1,
    key_id uuid,
    user_id uuid,
    org_id uuid,
    secret bytea,
    former_secret bytea,
    former_until timestamptz,
    cursor_no bigint NOT NULL,
    progress jsonb NOT NULL,
    replay jsonb,
    next_attempt_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, id)
);
COMMENT ON TABLE webhook_endpoints IS 'Addresses of others that are told of a district''s changes, each a cursor on its feed';
COMMENT ON COLUMN webhook_endpoints.settings IS 'What its owner says: where to, of what, in which form';
COMMENT ON COLUMN webhook_endpoints.revision IS 'Grows with what people do, not with deliveries: a delivery doesn''t overwrite what was set meanwhile';
COMMENT ON COLUMN webhook_endpoints.org_id IS 'Organisation of the role by which its owner made it, where that is narrowed to one';
COMMENT ON COLUMN webhook_endpoints.secret IS 'Encrypted envelope; null where the key file webhook-1 signs';
COMMENT ON COLUMN webhook_endpoints.cursor_no IS 'All changes up to this number were given';
COMMENT ON COLUMN webhook_endpoints.progress IS 'What was given of the number that follows, the batch under way, attempts and how they went';
COMMENT ON COLUMN webhook_endpoints.replay IS 'How far a replay came, and how far it goes';

-- Attempts, kept for 14 days. Neither what was sent nor what was answered.
CREATE TABLE webhook_deliveries (
    district_code text COLLATE "C" NOT NULL,
    endpoint_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id text COLLATE "C" NOT NULL,
    change_nos jsonb NOT NULL,
    attempt bigint NOT NULL,
    attempted_at timestamptz NOT NULL,
    status bigint,
    duration_ms bigint NOT NULL,
    reason text COLLATE "C",
    PRIMARY KEY (district_code, endpoint_id, id)
);
CREATE INDEX webhook_deliveries_attempted_at_idx ON webhook_deliveries (attempted_at);
COMMENT ON TABLE webhook_deliveries IS 'Attempts to deliver to an endpoint in the last 14 days, without what was sent or answered';
