DROP TABLE key_fingerprints;
DROP TABLE service_settings;
