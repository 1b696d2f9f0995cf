CREATE TABLE supply_reports (
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
    reported_on date NOT NULL,
    is_zero boolean NOT NULL,
    lines jsonb NOT NULL,
    line_count integer NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX supply_reports_change_no_key ON supply_reports (district_code, change_no);
CREATE INDEX supply_reports_occurred_at_idx ON supply_reports (district_code, occurred_at DESC, id DESC);
CREATE UNIQUE INDEX supply_reports_store_day_key ON supply_reports (district_code, place_id, reported_on) WHERE NOT voided;
COMMENT ON TABLE supply_reports IS 'What a store bought, sold, holds and charges on a day';

CREATE TABLE supply_lines (
    district_code text COLLATE "C" NOT NULL,
    report_id uuid NOT NULL,
    line_no integer NOT NULL,
    revision integer NOT NULL,
    place_id uuid NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    reported_on date NOT NULL,
    commodity text COLLATE "C" NOT NULL,
    purchase_price numeric,
    retail_price numeric,
    purchased numeric,
    sold numeric,
    closing_stock numeric,
    PRIMARY KEY (district_code, report_id, revision, line_no)
);
CREATE INDEX supply_lines_store_idx ON supply_lines (district_code, place_id, commodity, reported_on);
CREATE INDEX supply_lines_day_idx ON supply_lines (district_code, reported_on, commodity, retail_price)
    INCLUDE (area_code, place_id, purchased, sold, closing_stock);
COMMENT ON TABLE supply_lines IS 'The lines of the supply reports that stand, normalised: written with the report in one statement, never otherwise';
COMMENT ON COLUMN supply_lines.retail_price IS 'In yuan a kilogram, a litre or a piece, as the commodity is compared';
COMMENT ON COLUMN supply_lines.sold IS 'In the quantity unit of the commodity';
COMMENT ON COLUMN supply_lines.line_no IS 'Its place in the list of the report, from 0';

CREATE TABLE price_observations (
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
    observed_on date NOT NULL,
    observed_area_code text COLLATE "C" NOT NULL,
    area_name text,
    scope text COLLATE "C" NOT NULL,
    commodity text COLLATE "C" NOT NULL,
    price numeric NOT NULL,
    price_unit text NOT NULL,
    source_url text NOT NULL,
    commodity_zh text NOT NULL,
    price_normalized numeric NOT NULL,
    normalized_unit text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX price_observations_change_no_key ON price_observations (district_code, change_no);
CREATE INDEX price_observations_occurred_at_idx ON price_observations (district_code, occurred_at DESC, id DESC);
CREATE INDEX price_observations_commodity_idx ON price_observations (district_code, commodity, observed_on);
COMMENT ON TABLE price_observations IS 'Published prices of areas';

CREATE TABLE price_rules (
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
    rule_kind text COLLATE "C" NOT NULL,
    baseline_on date,
    threshold_rate numeric NOT NULL,
    only_without_baseline boolean NOT NULL,
    commodities jsonb,
    categories jsonb,
    effective_on date NOT NULL,
    expires_on date,
    basis text NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX price_rules_change_no_key ON price_rules (district_code, change_no);
CREATE INDEX price_rules_occurred_at_idx ON price_rules (district_code, occurred_at DESC, id DESC);
COMMENT ON TABLE price_rules IS 'When a price counts as risen too far';

CREATE TABLE price_alerts (
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
    reported_on date NOT NULL,
    rule_id uuid NOT NULL,
    rule_revision integer NOT NULL,
    rule_kind text COLLATE "C" NOT NULL,
    observed jsonb,
    baseline jsonb,
    change_rate numeric,
    markup_rate numeric,
    threshold_rate numeric NOT NULL,
    fires boolean NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'explained', 'warned', 'interviewed', 'dismissed')),
    dismissal text COLLATE "C",
    evidence jsonb NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX price_alerts_change_no_key ON price_alerts (district_code, change_no);
CREATE INDEX price_alerts_occurred_at_idx ON price_alerts (district_code, occurred_at DESC, id DESC);
CREATE INDEX price_alerts_place_id_idx ON price_alerts (district_code, place_id, reported_on);
CREATE INDEX price_alerts_rule_id_idx ON price_alerts (district_code, rule_id, place_id);
CREATE INDEX price_alerts_state_idx ON price_alerts (district_code, state, occurred_at DESC, id DESC);
COMMENT ON TABLE price_alerts IS 'Prices that a rule says rose too far; written by the service';

CREATE TABLE price_rule_reviews (
    district_code text COLLATE "C" NOT NULL,
    rule_id uuid NOT NULL,
    revision integer NOT NULL,
    after_place_id uuid NOT NULL,
    finished boolean NOT NULL,
    PRIMARY KEY (district_code, rule_id)
);
COMMENT ON TABLE price_rule_reviews IS 'How far the reports that were there before have been looked at by a rule as it stands';
COMMENT ON COLUMN price_rule_reviews.after_place_id IS 'The stores up to this one are done; the nil id before the first';

INSERT INTO duty_cadences VALUES
    ('0170a000-0001-7000-8000-000000000014', NULL, '2020-01-21', 'supply_report', true, 1, 0, 1080, NULL, '区经商局保供日报要求', NULL, '2020-01-21T00:00:00+08:00');
