-- Bulletins: their templates, and the editions that were issued.

CREATE TABLE bulletin_templates (
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
    code text COLLATE "C" NOT NULL,
    effective_on date NOT NULL,
    title text NOT NULL,
    series text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    style text COLLATE "C" NOT NULL,
    paragraphs jsonb NOT NULL,
    basis text,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX bulletin_templates_change_no_key ON bulletin_templates (district_code, change_no);
CREATE INDEX bulletin_templates_occurred_at_idx ON bulletin_templates (district_code, occurred_at DESC, id DESC);
CREATE INDEX bulletin_templates_code_idx ON bulletin_templates (district_code, code, occurred_at DESC, id DESC);
COMMENT ON TABLE bulletin_templates IS 'The words of a bulletin, with places for figures';

CREATE TABLE bulletin_editions (
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
    template_code text COLLATE "C" NOT NULL,
    template_id uuid,
    template_revision bigint,
    title text NOT NULL,
    series text COLLATE "C" NOT NULL,
    edition_no bigint NOT NULL CHECK (edition_no > 0),
    as_of_on date NOT NULL,
    as_of_change_no bigint NOT NULL,
    style text COLLATE "C" NOT NULL,
    paragraphs jsonb NOT NULL,
    figures jsonb NOT NULL,
    content_digest text COLLATE "C" NOT NULL,
    chain_head text COLLATE "C",
    replaces_id uuid,
    state text COLLATE "C" NOT NULL,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX bulletin_editions_change_no_key ON bulletin_editions (district_code, change_no);
CREATE INDEX bulletin_editions_occurred_at_idx ON bulletin_editions (district_code, occurred_at DESC, id DESC);
CREATE INDEX bulletin_editions_template_code_idx ON bulletin_editions (district_code, template_code, occurred_at DESC, id DESC);
CREATE INDEX bulletin_editions_series_idx ON bulletin_editions (district_code, series, occurred_at DESC, id DESC);
CREATE INDEX bulletin_editions_as_of_on_idx ON bulletin_editions (district_code, as_of_on, occurred_at DESC, id DESC);
COMMENT ON TABLE bulletin_editions IS 'What a bulletin said under its number, with each figure and what it was counted from';
