DROP INDEX record_rollups_stock_idx;
DROP TABLE supply_channels, stock_targets, stock_movements;
