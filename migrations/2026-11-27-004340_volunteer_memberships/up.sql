-- Hours belong to the team of then: which team and account somebody had is known since when.
ALTER TABLE volunteers ADD COLUMN memberships jsonb;
COMMENT ON COLUMN volunteers.memberships IS 'Team and account with since when, the oldest first; NULL of an earlier release, whose present ones hold for all time';
