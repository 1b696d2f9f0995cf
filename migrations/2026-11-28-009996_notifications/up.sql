-- What somebody has read of what he is told. What he is told is derived when he asks.
CREATE TABLE notification_reads (
    user_id uuid PRIMARY KEY,
    up_to timestamptz,
    up_to_read_at timestamptz,
    reads jsonb NOT NULL
);
COMMENT ON TABLE notification_reads IS 'What each account has read of its notifications of the last 14 days';
COMMENT ON COLUMN notification_reads.up_to IS 'All of them up to this instant were read';
COMMENT ON COLUMN notification_reads.reads IS 'Those read by themselves, each with when';
-- Whoever a missed duty went up to finds it without passing the district's others by. Only duties that went up have a line.
CREATE INDEX duties_escalated_to_id_idx ON duties (district_code, escalated_to_id, occurred_at DESC, id DESC) WHERE escalated_to_id IS NOT NULL;

-- Phones and browsers that are told by Web Push. Who knows where a subscription leads may write on that screen: sealed.
CREATE TABLE push_subscriptions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    endpoint_hash bytea NOT NULL,
    subscription bytea NOT NULL,
    told jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX push_subscriptions_endpoint_hash_key ON push_subscriptions (endpoint_hash);
CREATE INDEX push_subscriptions_user_id_idx ON push_subscriptions (user_id);
COMMENT ON TABLE push_subscriptions IS 'Phones and browsers of accounts that are told by Web Push';
COMMENT ON COLUMN push_subscriptions.endpoint_hash IS 'Keyed hash of account and endpoint: sent again, it is the same';
COMMENT ON COLUMN push_subscriptions.subscription IS 'Encrypted envelope of endpoint, keys and language';
COMMENT ON COLUMN push_subscriptions.told IS 'Notifications that were pushed, of those still told';
