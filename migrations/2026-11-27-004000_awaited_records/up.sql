-- Claims about the future: what proves nothing until its time has come, so that a worker finds it then.
CREATE TABLE awaited_records (
    district_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    comes_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, kind, id)
);
CREATE INDEX awaited_records_comes_at_idx ON awaited_records (district_code, comes_at);
COMMENT ON TABLE awaited_records IS 'Records that tell of what lies ahead, written with them; gone once their time has come and they were judged';
