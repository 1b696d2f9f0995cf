DROP TABLE sync_conflicts;
DROP TABLE held_items;
