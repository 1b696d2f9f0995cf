CREATE TABLE held_items (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    item_hash bytea NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    op text COLLATE "C" NOT NULL,
    record_id uuid,
    user_id uuid NOT NULL,
    device_id text,
    item bytea NOT NULL,
    problem jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'settled', 'discarded')),
    held_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX held_items_item_hash_key ON held_items (district_code, item_hash);
CREATE INDEX held_items_state_idx ON held_items (district_code, state, held_at DESC, id DESC);
COMMENT ON TABLE held_items IS 'What a phone sent and could not be placed, kept whole for 90 days until somebody mends or discards it';
COMMENT ON COLUMN held_items.item IS 'Encrypted envelope of the item as it was sent';
COMMENT ON COLUMN held_items.item_hash IS 'Keyed hash of sender and item: sent again, it is the same';

CREATE TABLE sync_conflicts (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    item_hash bytea NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    record_id uuid NOT NULL,
    base_revision bigint,
    server_revision bigint NOT NULL,
    fields jsonb NOT NULL,
    user_id uuid NOT NULL,
    device_id text,
    patch bytea NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'resolved')),
    taken text COLLATE "C" CHECK (taken IN ('server', 'phone')),
    found_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_by uuid,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX sync_conflicts_item_hash_key ON sync_conflicts (district_code, item_hash);
CREATE INDEX sync_conflicts_state_idx ON sync_conflicts (district_code, state, found_at DESC, id DESC);
COMMENT ON TABLE sync_conflicts IS 'Fields that a phone and somebody else changed: the server''s value stands, the phone''s is kept until somebody decides';
COMMENT ON COLUMN sync_conflicts.patch IS 'Encrypted envelope of the phone''s values of those fields';
