-- A swap is an offer until the other accepts it or an organiser decides.
ALTER TABLE shift_assignments
    ADD COLUMN offered_to_id uuid,
    ADD COLUMN offered_with_id uuid;
CREATE INDEX shift_assignments_offered_to_id_idx ON shift_assignments (district_code, offered_to_id) WHERE offered_to_id IS NOT NULL;
COMMENT ON COLUMN shift_assignments.offered_to_id IS 'The volunteer to whom it is offered and who has not answered yet';
COMMENT ON COLUMN shift_assignments.offered_with_id IS 'The assignment asked for in exchange';
