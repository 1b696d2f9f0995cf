CREATE TABLE attachments (
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
    subject_kind text COLLATE "C" NOT NULL,
    subject_id uuid NOT NULL,
    attachment_kind text COLLATE "C" NOT NULL,
    media_type text COLLATE "C" NOT NULL,
    byte_count integer NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    keep_position boolean,
    content_state text COLLATE "C" NOT NULL CHECK (content_state IN ('awaited', 'kept', 'refused')),
    kept_sha256 text COLLATE "C",
    kept_byte_count integer,
    width_px integer,
    height_px integer,
    has_thumbnail boolean,
    refused_because text COLLATE "C",
    case_id uuid,
    CHECK ((content_state = 'kept') = (kept_sha256 IS NOT NULL)),
    CHECK ((content_state = 'refused') = (refused_because IS NOT NULL)),
    PRIMARY KEY (district_code, id)
);
CREATE UNIQUE INDEX attachments_change_no_key ON attachments (district_code, change_no);
CREATE INDEX attachments_occurred_at_idx ON attachments (district_code, occurred_at DESC, id DESC);
CREATE INDEX attachments_area_code_idx ON attachments (district_code, area_code, occurred_at DESC, id DESC);
CREATE INDEX attachments_org_id_idx ON attachments (district_code, org_id, occurred_at DESC, id DESC);
CREATE INDEX attachments_subject_kind_idx ON attachments (district_code, subject_kind, occurred_at DESC, id DESC);
CREATE INDEX attachments_subject_id_idx ON attachments (district_code, subject_id, occurred_at DESC, id DESC);
CREATE INDEX attachments_attachment_kind_idx ON attachments (district_code, attachment_kind, occurred_at DESC, id DESC);
CREATE INDEX attachments_content_state_idx ON attachments (district_code, content_state, occurred_at DESC, id DESC);
COMMENT ON TABLE attachments IS 'A picture or a paper that belongs to a record. First it is declared; then its bytes are sent, in parts, and kept elsewhere';
