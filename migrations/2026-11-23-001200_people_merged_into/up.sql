CREATE INDEX people_merged_into_idx ON people (district_code, merged_into) WHERE merged_into IS NOT NULL;
