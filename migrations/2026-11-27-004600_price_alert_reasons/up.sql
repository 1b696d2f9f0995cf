-- A rule that compares with the day before has nothing to say where that day told no price; an alert says so.
ALTER TABLE price_alerts ADD COLUMN unjudged_reason text COLLATE "C";
COMMENT ON COLUMN price_alerts.unjudged_reason IS 'Why the rule says nothing of it any more; null where it says something';
-- What was compared with an older report than that of the day before is looked at anew.
DELETE FROM price_rule_reviews AS v USING price_rules AS r
WHERE r.district_code = v.district_code AND r.id = v.rule_id AND r.rule_kind = 'day_on_day';
