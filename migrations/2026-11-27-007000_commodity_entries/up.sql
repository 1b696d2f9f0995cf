CREATE TABLE commodity_entries (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    change_no bigint NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    recorded_by uuid NOT NULL,
    revised_at timestamptz NOT NULL,
    revised_by uuid NOT NULL,
    voided boolean NOT NULL,
    capture jsonb NOT NULL,
    submission_digest bytea NOT NULL,
    personal bytea,
    digest bytea NOT NULL,
    commodity text COLLATE "C" NOT NULL,
    name_zh text,
    name_en text,
    category text COLLATE "C",
    specification text,
    price_unit text,
    quantity_unit text,
    also jsonb,
    packs jsonb,
    retired boolean NOT NULL,
    effective_on date NOT NULL,
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX commodity_entries_change_no_key ON commodity_entries (district_code, change_no);
CREATE INDEX commodity_entries_occurred_at_idx ON commodity_entries (district_code, occurred_at DESC, id DESC);
CREATE INDEX commodity_entries_commodity_idx ON commodity_entries (district_code, commodity, effective_on);
COMMENT ON TABLE commodity_entries IS 'What the district says of a commodity from a day on; the merged answer is `/v1/commodities`';
COMMENT ON COLUMN commodity_entries.commodity IS 'A code of the built-in catalogue, or one of the district''s own, own_…';
