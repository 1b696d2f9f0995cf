CREATE TABLE stock_movements (
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
    place_id uuid NOT NULL,
    commodity text COLLATE "C" NOT NULL,
    direction text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    quantity_unit text NOT NULL,
    reason text COLLATE "C",
    counterpart text,
    quantity_normalized numeric NOT NULL,
    normalized_unit text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX stock_movements_change_no_key ON stock_movements (district_code, change_no);
CREATE INDEX stock_movements_occurred_at_idx ON stock_movements (district_code, occurred_at DESC, id DESC);
CREATE INDEX stock_movements_place_id_idx ON stock_movements (district_code, place_id, commodity, occurred_at DESC, id DESC);
CREATE INDEX record_rollups_stock_idx ON record_rollups (district_code, place_id, measure, on_day) WHERE kind = 'stock_movements';
COMMENT ON TABLE stock_movements IS 'What came into stocks and left them';

CREATE TABLE stock_targets (
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
    name text NOT NULL,
    commodities jsonb NOT NULL,
    quantity numeric NOT NULL,
    quantity_unit text NOT NULL,
    starts_on date NOT NULL,
    ends_on date,
    quantity_normalized numeric NOT NULL,
    normalized_unit text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX stock_targets_change_no_key ON stock_targets (district_code, change_no);
CREATE INDEX stock_targets_occurred_at_idx ON stock_targets (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE stock_targets IS 'How much of some commodities should be there';

CREATE TABLE supply_channels (
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
    place_id uuid NOT NULL,
    supplier text NOT NULL,
    origin text,
    commodity text COLLATE "C" NOT NULL,
    quantity numeric NOT NULL,
    quantity_unit text NOT NULL,
    active boolean NOT NULL,
    quantity_normalized numeric NOT NULL,
    normalized_unit text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX supply_channels_change_no_key ON supply_channels (district_code, change_no);
CREATE INDEX supply_channels_occurred_at_idx ON supply_channels (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE supply_channels IS 'Who can deliver what to a store, and how much a day';
