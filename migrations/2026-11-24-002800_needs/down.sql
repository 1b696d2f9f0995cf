DROP TABLE enforcement_actions, deliveries, need_requests;
