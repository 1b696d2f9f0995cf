CREATE TABLE reading_absences (
    district_code text COLLATE "C" NOT NULL,
    case_id uuid NOT NULL,
    slot_on date NOT NULL,
    slot text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    import_id uuid NOT NULL,
    told_by uuid NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (district_code, case_id, slot_on, slot)
);
COMMENT ON TABLE reading_absences IS 'Why somebody observed was not measured, as wide sheets say it: shown where a reading was missed, proof of nothing';
COMMENT ON COLUMN reading_absences.reason IS 'A code: out, refused, released, in_hospital';
