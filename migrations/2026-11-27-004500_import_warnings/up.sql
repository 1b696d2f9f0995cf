ALTER TABLE imports ADD COLUMN warnings jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN imports.warnings IS 'Codes of what is to be said of the file as a whole, once';
