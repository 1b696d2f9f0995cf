-- Purges are ordered by one and carried out by another: a worker with the owner's connection, or `lianfang purge --ordered`.
ALTER TABLE purges DROP CONSTRAINT purges_state_check;
ALTER TABLE purges ADD CONSTRAINT purges_state_check CHECK (state IN ('ordered', 'running', 'complete')) NOT VALID;
ALTER TABLE purges ADD COLUMN ordered_at timestamptz, ADD COLUMN policy_id uuid;
CREATE UNIQUE INDEX purges_ordered_key ON purges (district_code, kind) WHERE state = 'ordered';
COMMENT ON COLUMN purges.ordered_at IS 'When it was ordered; none of those that began as they were';
COMMENT ON COLUMN purges.policy_id IS 'Retention policy by which it was carried out';
