DROP TABLE worker_leases;
DROP TABLE duty_cadences;
