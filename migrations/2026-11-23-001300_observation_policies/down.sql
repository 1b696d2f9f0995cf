DROP TABLE observation_policies;
