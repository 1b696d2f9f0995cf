DROP TABLE disinfections;
