-- Of the keys that seal personal data one follows the other; the other keys stay what they are and have no state. No state is
-- current, too: the first one of a database that a former release began.
ALTER TABLE key_fingerprints ADD COLUMN state text COLLATE "C"
    CHECK (state IN ('announced', 'current', 'leaving', 'left', 'retired'));
ALTER TABLE key_fingerprints ADD COLUMN changed_at timestamptz;
CREATE UNIQUE INDEX key_fingerprints_state_key ON key_fingerprints (state) WHERE state IN ('announced', 'current');
COMMENT ON COLUMN key_fingerprints.state IS 'Of a key of personal data: announced to all processes, sealing now, being left, left by all, or removed';
COMMENT ON COLUMN key_fingerprints.changed_at IS 'When the state became that';

-- Nothing is sealed with a key before whoever runs can read it.
CREATE TABLE key_holders (
    id uuid PRIMARY KEY,
    host text COLLATE "C" NOT NULL,
    process_no bigint NOT NULL,
    data_keys jsonb NOT NULL,
    seals_with bigint NOT NULL,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE key_holders IS 'Processes of the service, each with the keys of personal data that it reads and the one it seals with';
COMMENT ON COLUMN key_holders.seen_at IS 'When the process said so last: every two seconds while a key is followed by another, else every minute';
