CREATE TABLE import_outcomes (
    district_code text COLLATE "C" NOT NULL,
    import_id uuid NOT NULL,
    line bigint NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    record_id uuid,
    details jsonb NOT NULL,
    PRIMARY KEY (district_code, import_id, line)
);
COMMENT ON TABLE import_outcomes IS 'Rows of files that made no new record, or one with a word to say about it: what came of each';
COMMENT ON COLUMN import_outcomes.details IS 'What is said of the row: codes, columns and words, never what it held';

ALTER TABLE imports ADD COLUMN layout jsonb;
COMMENT ON COLUMN imports.layout IS 'How the file was read: sheets, header rows, what each column was taken for';
