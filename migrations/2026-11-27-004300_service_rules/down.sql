DROP TABLE service_rules;
