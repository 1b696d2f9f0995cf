CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    role text NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    scopes jsonb NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by uuid
);
CREATE INDEX api_keys_area_code_idx ON api_keys (area_code, id);
COMMENT ON TABLE api_keys IS 'Keys of scripts and dashboards: a role over an area, narrowed to scopes, until a day';
COMMENT ON COLUMN api_keys.secret_hash IS 'SHA-256 of the secret, which is random and shown once';
