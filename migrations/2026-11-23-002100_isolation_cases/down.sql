DROP TABLE isolation_cases;
