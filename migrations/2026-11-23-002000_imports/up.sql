CREATE TABLE imports (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'interrupted', 'complete', 'failed', 'undone')),
    options jsonb NOT NULL,
    header jsonb,
    counts jsonb NOT NULL,
    problem jsonb,
    first_change_no bigint,
    last_change_no bigint,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, id)
);
COMMENT ON TABLE imports IS 'Files that scripts and people brought in, with how far each came';

CREATE TABLE import_faults (
    district_code text COLLATE "C" NOT NULL,
    import_id uuid NOT NULL,
    line bigint NOT NULL,
    row bytea NOT NULL,
    faults jsonb NOT NULL,
    PRIMARY KEY (district_code, import_id, line)
);
COMMENT ON TABLE import_faults IS 'Rows that were refused, in the order of the file, with what is wrong with each';
COMMENT ON COLUMN import_faults.row IS 'Encrypted envelope of the row as it was written';
