DELETE FROM duty_cadences WHERE id = '0170a000-0001-7000-8000-000000000014';
DROP TABLE price_rule_reviews, price_alerts, price_rules, price_observations, supply_lines, supply_reports;
