DROP TABLE record_rollups;
DROP TABLE record_revisions;
DROP TABLE ledger_entries;
DROP TABLE district_clocks;
