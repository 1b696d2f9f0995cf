ALTER TABLE users ADD COLUMN deactivated_at timestamptz;
COMMENT ON COLUMN users.deactivated_at IS 'Since when it may not sign in; what its phone still holds is taken for 14 days, and held';
CREATE TABLE former_grants (
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    revoked_at timestamptz NOT NULL,
    id uuid PRIMARY KEY
);
CREATE INDEX former_grants_user_id_idx ON former_grants (user_id, revoked_at);
COMMENT ON TABLE former_grants IS 'Grants taken away: what was captured under them is still accepted from its author for a time';
