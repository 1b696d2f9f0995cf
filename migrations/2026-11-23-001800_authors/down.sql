DROP TABLE former_grants;
ALTER TABLE users DROP COLUMN deactivated_at;
