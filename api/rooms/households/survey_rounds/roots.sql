-- Ids that turned out to be another's, each with the one that it is in the end.
WITH RECURSIVE merges AS MATERIALIZED (
    SELECT h.id, h.merged_into FROM households AS h WHERE h.merged_into IS NOT NULL AND h.district_code = :district
    UNION ALL
    SELECT p.id, p.merged_into FROM people AS p WHERE p.merged_into IS NOT NULL AND p.district_code = :district
), chain AS (
    SELECT m.id, m.merged_into AS root, 1 AS steps FROM merges AS m
    UNION ALL
    SELECT c.id, m.merged_into, c.steps + 1 FROM chain AS c JOIN merges AS m ON m.id = c.root WHERE c.steps < 100
), roots AS MATERIALIZED (
    SELECT DISTINCT ON (c.id) c.id, c.root FROM chain AS c ORDER BY c.id, c.steps DESC
), merged AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(r.id, r.root), '{}') AS ids FROM roots AS r
),
-- The number as of which standings are kept; none where they know another end of the round, or nothing yet.
head AS MATERIALIZED (
    SELECT r.target = 'persons' AS of_persons, coalesce(r.closed_at, 'infinity') AS until,
        (SELECT h.as_of FROM survey_standing_heads AS h WHERE h.district_code = :district AND h.round_id = :round AND h.closed_at IS NOT DISTINCT FROM r.closed_at) AS as_of
    FROM survey_rounds AS r WHERE r.district_code = :district AND r.id = :round
)
