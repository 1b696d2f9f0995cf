CREATE TABLE divisions (
    edition smallint NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    level text NOT NULL CHECK (level IN ('province', 'prefecture', 'county', 'township', 'village', 'group')),
    unit_type text NOT NULL,
    parent_code text COLLATE "C",
    as_of date NOT NULL,
    current boolean NOT NULL,
    successor_codes jsonb NOT NULL DEFAULT '[]',
    successors_derived boolean NOT NULL DEFAULT false,
    PRIMARY KEY (edition, code)
);
COMMENT ON TABLE divisions IS 'Administrative divisions in their editions; loaded from the data that the binary carries';
COMMENT ON COLUMN divisions.edition IS 'Year of the edition: 2019 (as of 2019-10-31), 2023 (as of 2023-06-30)';
COMMENT ON COLUMN divisions.successor_codes IS 'Codes of the current edition that took the place of an abolished one';
COMMENT ON COLUMN divisions.successors_derived IS 'Whether the successors were derived from equal names and are not from a decree';
