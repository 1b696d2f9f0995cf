-- Keys of blind indexes follow each other as those of personal data do, each purpose by itself.
CREATE UNIQUE INDEX key_fingerprints_purpose_state_key ON key_fingerprints ((name LIKE 'blind-index-%'), state)
    WHERE state IN ('announced', 'current');
DROP INDEX key_fingerprints_state_key;
COMMENT ON COLUMN key_fingerprints.state IS 'Of a key that follows another one: announced to all processes, written with now, being left, left by all, or removed';

-- A process of a former release says nothing of blind indexes: it has the first key of them.
ALTER TABLE key_holders ADD COLUMN index_keys jsonb NOT NULL DEFAULT '[]';
ALTER TABLE key_holders ADD COLUMN indexes_with bigint NOT NULL DEFAULT 0;
COMMENT ON TABLE key_holders IS 'Processes of the service, each with the keys of personal data and of blind indexes that it reads and those it writes with';
