CREATE TABLE publicity_activities (
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
    place_id uuid,
    method text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    document text COLLATE "C",
    copies integer,
    households_reached integer,
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX publicity_activities_change_no_key ON publicity_activities (district_code, change_no);
CREATE INDEX publicity_activities_occurred_at_idx ON publicity_activities (district_code, occurred_at DESC, id DESC);
CREATE INDEX publicity_activities_place_id_idx ON publicity_activities (district_code, place_id, occurred_at DESC, id DESC);
COMMENT ON TABLE publicity_activities IS 'Publicity: posters, leaflets, loudspeakers, groups';
