CREATE TABLE idempotency_keys (
    district_code text COLLATE "C" NOT NULL,
    key_hash bytea NOT NULL,
    request_digest bytea NOT NULL,
    status bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, key_hash)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
COMMENT ON TABLE idempotency_keys IS 'How a request under an Idempotency-Key was answered, written in the transaction of its effect; kept 14 days';
COMMENT ON COLUMN idempotency_keys.key_hash IS 'Keyed hash of caller, route and key';
COMMENT ON COLUMN idempotency_keys.request_digest IS 'Keyed digest of the body that was sent';
