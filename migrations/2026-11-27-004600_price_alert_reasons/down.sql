ALTER TABLE price_alerts DROP COLUMN unjudged_reason;
