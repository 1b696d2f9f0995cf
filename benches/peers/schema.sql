-- Tables of the peer: one of people, one of screenings, the indexes its two operations need.
CREATE TABLE places (id uuid PRIMARY KEY, area_code text NOT NULL);
CREATE TABLE people (
    id uuid PRIMARY KEY,
    document_hash bytea NOT NULL UNIQUE,
    name text NOT NULL,
    document_type text NOT NULL,
    document_number text NOT NULL,
    phone text,
    sex text,
    birth_year int,
    address text,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE screenings (
    id uuid PRIMARY KEY,
    place_id uuid NOT NULL REFERENCES places,
    area_code text NOT NULL,
    org_id uuid,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    recorded_by uuid NOT NULL,
    captured_by uuid,
    device_time timestamptz,
    direction text NOT NULL,
    person_id uuid REFERENCES people,
    person_kind text,
    visiting text,
    reason text,
    vehicle jsonb,
    pass_group_id uuid,
    answers text[],
    symptoms text[],
    temperature_c numeric(3, 1),
    measure_site text,
    device text,
    retest_of uuid,
    mask boolean,
    disposition text,
    abnormal boolean NOT NULL,
    complete boolean NOT NULL,
    note text
);
CREATE INDEX ON screenings (occurred_at DESC, id DESC);
CREATE INDEX ON screenings (person_id);
CREATE INDEX ON screenings (place_id, occurred_at);
