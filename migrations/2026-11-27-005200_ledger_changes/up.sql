-- One row a revision, of whatever kind: what the ledger took, in order, without the record itself.
CREATE TABLE ledger_changes (
    district_code text COLLATE "C" NOT NULL,
    change_no bigint NOT NULL,
    sequence smallint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    revision bigint NOT NULL,
    operation text COLLATE "C" NOT NULL CHECK (operation IN ('create', 'amend', 'void', 'restore')),
    area_code text COLLATE "C" NOT NULL,
    org_id uuid,
    former_area_code text COLLATE "C",
    former_org_id uuid,
    revised_by uuid NOT NULL,
    revised_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, change_no, sequence, id)
);
CREATE INDEX ledger_changes_id_idx ON ledger_changes (district_code, id);
COMMENT ON TABLE ledger_changes IS 'The index of changes: every revision of every kind by number, written with it, so that what spans kinds reads one table';
COMMENT ON COLUMN ledger_changes.sequence IS 'The place of its kind among changes of one number';
COMMENT ON COLUMN ledger_changes.former_area_code IS 'Where the revision before stood; null for the first';
