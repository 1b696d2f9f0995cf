DROP TABLE gate_tallies;
