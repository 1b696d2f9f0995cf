CREATE TABLE district_clocks (
    district_code text COLLATE "C" PRIMARY KEY,
    last_no bigint NOT NULL DEFAULT 0,
    head bytea NOT NULL,
    advanced_at timestamptz NOT NULL
) WITH (fillfactor = 20);
COMMENT ON TABLE district_clocks IS 'One row a district: the last number given and the head of its chain. Its lock puts the writers of a district in commit order';

CREATE TABLE ledger_entries (
    district_code text COLLATE "C" NOT NULL,
    first_no bigint NOT NULL,
    change_count bigint NOT NULL,
    digest bytea NOT NULL,
    head bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, first_no)
);
COMMENT ON TABLE ledger_entries IS 'One row an append: head = sha256(former head | first_no | change_count | digest | recorded_at in microseconds), integers as 8 bytes big-endian';
COMMENT ON COLUMN ledger_entries.digest IS 'SHA-256 over the digests of the rows added, ordered by change_no and place of the kind';

CREATE TABLE record_revisions (
    district_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    revision bigint NOT NULL,
    change_no bigint NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (district_code, kind, id, revision)
);
CREATE INDEX record_revisions_change_no_idx ON record_revisions (district_code, change_no);
COMMENT ON TABLE record_revisions IS 'Former revisions of records of all kinds';
COMMENT ON COLUMN record_revisions.change_no IS 'The number of that revision. Not null: it ends the append whose former revision is not there';
COMMENT ON COLUMN record_revisions.body IS 'The whole former row, read back with jsonb_populate_record';

CREATE TABLE record_rollups (
    district_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    on_day date NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    place_id uuid NOT NULL,
    measure text COLLATE "C" NOT NULL,
    total bigint NOT NULL,
    PRIMARY KEY (district_code, kind, on_day, area_code, place_id, measure)
) WITH (fillfactor = 50);
COMMENT ON TABLE record_rollups IS 'Exact counts a day, area and place, kept in the transaction of the write';
COMMENT ON COLUMN record_rollups.place_id IS 'The nil id where a kind has no place';
