CREATE TABLE users (
    id uuid PRIMARY KEY,
    username text COLLATE "C" NOT NULL,
    display_name text NOT NULL,
    phone bytea,
    org_id uuid,
    password_hash text NOT NULL,
    password_change_required boolean NOT NULL,
    active boolean NOT NULL DEFAULT true,
    revision integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
COMMENT ON TABLE users IS 'Accounts';
COMMENT ON COLUMN users.phone IS 'Encrypted envelope, see privacy/seal.rs';
COMMENT ON COLUMN users.password_hash IS 'argon2id, PHC string';

CREATE TABLE user_grants (
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    granted_by uuid,
    granted_at timestamptz NOT NULL
);
CREATE INDEX user_grants_user_id_idx ON user_grants (user_id);
CREATE INDEX user_grants_area_code_idx ON user_grants (area_code);
COMMENT ON TABLE user_grants IS 'A role over an area and all below, narrowed to one organisation where org_id is set';

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    device_id text,
    used_generation bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id) WHERE ended_at IS NULL;
COMMENT ON TABLE sessions IS 'Families of refresh tokens, one a device and sign-in; the tokens themselves are derived, not stored';
COMMENT ON COLUMN sessions.used_generation IS 'The highest generation of the refresh token that was ever presented; an older one is reuse';
