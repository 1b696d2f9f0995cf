-- Who asked to take plain data of many people away, why, and who else agreed.
CREATE TABLE export_requests (
    district_code text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    area_code text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    filter text COLLATE "C" NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    reason bytea NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'approved', 'refused', 'used')),
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz,
    used_at timestamptz,
    as_of_change_no bigint,
    PRIMARY KEY (district_code, id)
);
COMMENT ON TABLE export_requests IS 'Who asks to take plain data of many people away, and who else agreed; each agreement is good for one file';
COMMENT ON COLUMN export_requests.filter IS 'The pairs of the list''s address, sorted; the file is taken with these and no others';
COMMENT ON COLUMN export_requests.reason IS 'Encrypted envelope';
COMMENT ON COLUMN export_requests.as_of_change_no IS 'As of which number it was used: a download that broke off goes on with that';
