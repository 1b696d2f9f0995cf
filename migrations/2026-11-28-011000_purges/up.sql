-- A certificate a purge: of which kind, from before when, how many. Made as it begins, so that one that was broken off goes on.
CREATE TABLE purges (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    before_on date NOT NULL,
    before_at timestamptz NOT NULL,
    reason bytea NOT NULL,
    ordered_by uuid,
    purged_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'complete')),
    counts jsonb NOT NULL,
    oldest_at timestamptz,
    newest_at timestamptz,
    ids_digest bytea,
    ended_at timestamptz,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX purges_running_key ON purges (district_code, kind) WHERE state = 'running';
COMMENT ON TABLE purges IS 'Purges of personal data, each with its certificate';
COMMENT ON COLUMN purges.reason IS 'Encrypted envelope of why';
COMMENT ON COLUMN purges.purged_at IS 'The instant that what was cut of it bears: no two purges of a kind have the same';
COMMENT ON COLUMN purges.ids_digest IS 'SHA-256 over the ids of its records in their order, 16 bytes each';

-- Bytes that were purged with their record.
ALTER TABLE attachments DROP CONSTRAINT attachments_content_state_check;
ALTER TABLE attachments ADD CONSTRAINT attachments_content_state_check
    CHECK (content_state IN ('awaited', 'kept', 'refused', 'purged')) NOT VALID;
