-- A status may be told later than it began.
ALTER TABLE places ADD COLUMN operating_status_since_at timestamptz;
COMMENT ON COLUMN places.operating_status_since_at IS 'Since when the status stands; null of places that an earlier release wrote, whose history tells it';
