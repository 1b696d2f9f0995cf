-- An organisation that others name isn't voided: it ends.
ALTER TABLE organizations ADD COLUMN ended_on date;
COMMENT ON COLUMN organizations.ended_on IS 'Since when there is no such organisation any more; null of those that there are';
