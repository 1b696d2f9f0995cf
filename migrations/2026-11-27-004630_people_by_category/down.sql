DROP VIEW people_by_category;
DROP INDEX people_categories_idx;
