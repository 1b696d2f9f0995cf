DROP INDEX shift_assignments_offered_to_id_idx;
ALTER TABLE shift_assignments
    DROP COLUMN offered_to_id,
    DROP COLUMN offered_with_id;
