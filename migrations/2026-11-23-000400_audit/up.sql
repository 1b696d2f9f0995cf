CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    occurred_at timestamptz NOT NULL,
    actor_id uuid,
    verb text NOT NULL,
    subject_kind text NOT NULL,
    subject_id uuid,
    request_id text,
    address text,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_occurred_at_idx ON audit_log (occurred_at DESC, id DESC);
CREATE INDEX audit_log_subject_id_idx ON audit_log (subject_id, occurred_at DESC);
CREATE INDEX audit_log_actor_id_idx ON audit_log (actor_id, occurred_at DESC);
COMMENT ON TABLE audit_log IS 'Who did what that is no field record: sign-ins, grants, reveals. Append-only; holds no personal values';
