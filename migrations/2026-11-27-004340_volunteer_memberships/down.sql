ALTER TABLE volunteers DROP COLUMN memberships;
