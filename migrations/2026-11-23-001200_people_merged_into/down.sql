DROP INDEX people_merged_into_idx;
