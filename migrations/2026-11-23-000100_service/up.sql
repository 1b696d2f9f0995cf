CREATE TABLE service_settings (
    name text PRIMARY KEY,
    value text NOT NULL
);
COMMENT ON TABLE service_settings IS 'What was fixed at first start and must not change afterwards, such as the zone of days';

CREATE TABLE key_fingerprints (
    name text PRIMARY KEY,
    fingerprint bytea NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE key_fingerprints IS 'SHA-256 of each key under a label of its own: a start with other keys is refused';
