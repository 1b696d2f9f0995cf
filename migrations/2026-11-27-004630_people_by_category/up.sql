-- Who is in a category is asked for by the day and counted: found by index, past the row-level policy of `people`, as
-- aliases are; `@>` isn't leakproof. It shows ids and categories alone; whom, the policy of `people` decides.
CREATE INDEX people_categories_idx ON people USING gin (categories jsonb_path_ops) WHERE categories <> '[]';
CREATE VIEW people_by_category AS SELECT district_code, id, merged_into, categories FROM people WHERE NOT voided;
COMMENT ON VIEW people_by_category IS 'Ids and their categories, read past row-level security: nothing that says who';
