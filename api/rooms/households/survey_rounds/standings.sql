,
-- Everything that was written since and may let a target stand otherwise. Both bounds are given, for with one the
-- planner reads everything.
changed AS MATERIALIZED (
    SELECT v.id, v.revision, coalesce(v.household_id, v.person_id) AS subject_id, v.household_id IS NULL AS person FROM survey_visits AS v
    WHERE v.district_code = :district AND v.change_no > (SELECT as_of FROM head) AND v.change_no < (SELECT as_of FROM head) + 1000000000000 AND v.round_id = :round
), turned AS MATERIALIZED (
    SELECT 'households' AS kind, h.id, h.revision, h.merged_into FROM households AS h
    WHERE h.district_code = :district AND h.change_no > (SELECT as_of FROM head) AND h.change_no < (SELECT as_of FROM head) + 1000000000000
        AND (h.merged_into IS NOT NULL OR h.revision > 1)
    UNION ALL
    SELECT 'people', p.id, p.revision, p.merged_into FROM people AS p
    WHERE p.district_code = :district AND p.change_no > (SELECT as_of FROM head) AND p.change_no < (SELECT as_of FROM head) + 1000000000000
        AND (p.merged_into IS NOT NULL OR p.revision > 1)
), turns AS MATERIALIZED (
    SELECT t.id, t.merged_into, t.kind = 'people' AS person FROM turned AS t WHERE t.merged_into IS NOT NULL
    UNION ALL
    SELECT t.id, f.merged_into, t.kind = 'people' FROM turned AS t CROSS JOIN LATERAL (
        SELECT (b.body ->> 'merged_into')::uuid AS merged_into FROM record_revisions AS b
        WHERE b.district_code = :district AND b.kind = t.kind AND b.id = t.id AND b.revision < t.revision OFFSET 0
    ) AS f WHERE f.merged_into IS NOT NULL
), touched AS MATERIALIZED (
    SELECT c.subject_id AS id, c.person FROM changed AS c
    UNION
    SELECT t.subject_id, t.member OR NOT t.of_household FROM changed AS c CROSS JOIN LATERAL (
        SELECT t.subject_id, t.member, t.of_household FROM survey_tellings AS t WHERE t.district_code = :district AND t.visit_id = c.id OFFSET 0
    ) AS t
    UNION
    SELECT (m ->> 'person_id')::uuid, true FROM changed AS c CROSS JOIN LATERAL (
        SELECT b.body -> 'members' AS members FROM record_revisions AS b
        WHERE b.district_code = :district AND b.kind = 'survey_visits' AND b.id = c.id AND b.revision < c.revision OFFSET 0
    ) AS f CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(f.members) = 'array' THEN f.members ELSE '[]' END) AS m
    UNION
    SELECT t.id, t.person FROM turns AS t
    UNION
    SELECT t.merged_into, t.person FROM turns AS t
), touched_ids AS MATERIALIZED (
    SELECT t.id, t.person FROM touched AS t
    UNION
    SELECT (merged.ids ->> t.id::text)::uuid, t.person FROM touched AS t CROSS JOIN merged WHERE merged.ids ? t.id::text
    UNION
    SELECT r.id, t.person FROM touched AS t CROSS JOIN merged JOIN roots AS r ON r.root = coalesce((merged.ids ->> t.id::text)::uuid, t.id)
), aimed AS MATERIALIZED (
    -- In a round of households a person is no target, but leads to those of whom he is one.
    SELECT i.id FROM touched_ids AS i CROSS JOIN head WHERE i.person = head.of_persons
    UNION
    SELECT p.target_id FROM touched_ids AS i CROSS JOIN LATERAL (
        SELECT p.target_id FROM survey_target_persons AS p WHERE p.district_code = :district AND p.round_id = :round AND p.person_id = i.id OFFSET 0
    ) AS p WHERE i.person
),
-- Who goes by several ids may be on the list twice, and counts where the least id is: both lists change together.
several AS MATERIALIZED (
    SELECT r.id, r.root FROM roots AS r
    UNION
    SELECT r.root, r.root FROM roots AS r
), aimed_ids AS MATERIALIZED (
    SELECT a.id FROM aimed AS a
    UNION
    SELECT o.id FROM aimed AS a JOIN several AS k ON k.id = a.id JOIN several AS o ON o.root = k.root
), dirty AS MATERIALIZED (
    SELECT coalesce((merged.ids ->> a.id::text)::uuid, a.id) AS root FROM aimed AS a CROSS JOIN merged
    UNION
    SELECT coalesce((merged.ids ->> n.target_id::text)::uuid, n.target_id) FROM aimed_ids AS a CROSS JOIN merged CROSS JOIN LATERAL (
        SELECT p.person_id FROM survey_target_persons AS p WHERE p.district_code = :district AND p.round_id = :round AND p.target_id = a.id OFFSET 0
    ) AS p JOIN several AS k ON k.id = p.person_id JOIN several AS o ON o.root = k.root CROSS JOIN LATERAL (
        SELECT n.target_id FROM survey_target_persons AS n WHERE n.district_code = :district AND n.round_id = :round AND n.person_id = o.id OFFSET 0
    ) AS n
), dirty_ids AS MATERIALIZED (
    SELECT d.root AS id, d.root FROM dirty AS d
    UNION
    SELECT r.id, r.root FROM roots AS r JOIN dirty AS d ON d.root = r.root
), gone AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(i.id, true), '{}') AS ids FROM (SELECT id FROM dirty_ids UNION SELECT id FROM aimed_ids UNION SELECT id FROM touched_ids) AS i
),
-- Those targets counted anew, or all of them where nothing is kept.
aims AS MATERIALIZED (
    SELECT DISTINCT ON (a.root) a.* FROM (
        SELECT i.root, t.* FROM dirty_ids AS i CROSS JOIN LATERAL (
            SELECT t.* FROM survey_targets AS t WHERE t.district_code = :district AND t.round_id = :round AND t.target_id = i.id OFFSET 0
        ) AS t
        UNION ALL
        SELECT coalesce((merged.ids ->> t.target_id::text)::uuid, t.target_id), t.* FROM survey_targets AS t CROSS JOIN merged
        WHERE t.district_code = :district AND t.round_id = :round AND (SELECT as_of IS NULL FROM head)
    ) AS a ORDER BY a.root, a.target_id <> a.root, a.target_id
), seen AS MATERIALIZED (
    SELECT i.root, t.visit_id, t.member, t.result, t.channel, t.occurred_at, t.area_code FROM dirty_ids AS i CROSS JOIN LATERAL (
        SELECT t.* FROM survey_tellings AS t WHERE t.district_code = :district AND t.round_id = :round AND t.subject_id = i.id OFFSET 0
    ) AS t CROSS JOIN head WHERE t.occurred_at <= head.until AND CASE WHEN t.member THEN head.of_persons AND t.confirms ELSE t.of_household <> head.of_persons END
    UNION ALL
    SELECT coalesce((merged.ids ->> t.subject_id::text)::uuid, t.subject_id), t.visit_id, t.member, t.result, t.channel, t.occurred_at, t.area_code
    FROM survey_tellings AS t CROSS JOIN merged CROSS JOIN head
    WHERE t.district_code = :district AND t.round_id = :round AND (SELECT as_of IS NULL FROM head)
        AND t.occurred_at <= head.until AND CASE WHEN t.member THEN head.of_persons AND t.confirms ELSE t.of_household <> head.of_persons END
), visits AS MATERIALIZED (
    SELECT v.root, count(DISTINCT v.visit_id) AS attempts, count(*) FILTER (WHERE NOT v.member) AS direct, max(v.occurred_at) AS last_visit_at, min(v.area_code) AS area_code,
        CASE WHEN bool_or(v.result = 'reached') THEN 'reached' WHEN bool_or(v.result = 'moved') THEN 'moved' WHEN bool_or(v.result = 'vacant') THEN 'vacant' END AS done_as,
        min(v.occurred_at) FILTER (WHERE v.result IN ('reached', 'moved', 'vacant')) AS done_at,
        split_part(min(v.stamp) FILTER (WHERE v.result IN ('reached', 'moved', 'vacant')), '/', 2) AS done_channel,
        max(v.stamp) AS latest
    FROM (
        SELECT s.*, (to_char(s.occurred_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') || s.visit_id || '/' || s.channel || '/' || s.result) COLLATE "C" AS stamp FROM seen AS s
    ) AS v GROUP BY v.root
), belonging AS MATERIALIZED (
    SELECT coalesce((merged.ids ->> p.person_id::text)::uuid, p.person_id) AS person_id, i.root FROM dirty_ids AS i CROSS JOIN merged CROSS JOIN LATERAL (
        SELECT p.person_id FROM survey_target_persons AS p WHERE p.district_code = :district AND p.round_id = :round AND p.target_id = i.id OFFSET 0
    ) AS p
    UNION ALL
    -- Where else on the list those are who go by several ids, be that target counted anew or not.
    SELECT k.root, coalesce((merged.ids ->> n.target_id::text)::uuid, n.target_id) FROM dirty_ids AS i CROSS JOIN merged CROSS JOIN LATERAL (
        SELECT p.person_id FROM survey_target_persons AS p WHERE p.district_code = :district AND p.round_id = :round AND p.target_id = i.id OFFSET 0
    ) AS p JOIN several AS k ON k.id = p.person_id JOIN several AS o ON o.root = k.root CROSS JOIN LATERAL (
        SELECT n.target_id FROM survey_target_persons AS n WHERE n.district_code = :district AND n.round_id = :round AND n.person_id = o.id OFFSET 0
    ) AS n
    UNION ALL
    SELECT coalesce((merged.ids ->> p.person_id::text)::uuid, p.person_id), coalesce((merged.ids ->> p.target_id::text)::uuid, p.target_id)
    FROM survey_target_persons AS p CROSS JOIN merged WHERE p.district_code = :district AND p.round_id = :round AND (SELECT as_of IS NULL FROM head)
), told AS MATERIALIZED (
    SELECT i.root AS person_id FROM (
        SELECT b.person_id AS id, b.person_id AS root FROM belonging AS b WHERE (SELECT as_of IS NOT NULL FROM head)
        UNION
        SELECT r.id, r.root FROM roots AS r WHERE r.root IN (SELECT b.person_id FROM belonging AS b) AND (SELECT as_of IS NOT NULL FROM head)
    ) AS i CROSS JOIN head CROSS JOIN LATERAL (
        SELECT t.occurred_at FROM survey_tellings AS t WHERE t.district_code = :district AND t.round_id = :round AND t.subject_id = i.id AND t.confirms OFFSET 0
    ) AS t WHERE t.occurred_at <= head.until
    UNION ALL
    SELECT coalesce((merged.ids ->> t.subject_id::text)::uuid, t.subject_id) FROM survey_tellings AS t CROSS JOIN merged CROSS JOIN head
    WHERE t.district_code = :district AND t.round_id = :round AND t.confirms AND t.occurred_at <= head.until AND (SELECT as_of IS NULL FROM head)
), belong AS MATERIALIZED (
    SELECT q.person_id, min(q.root)::uuid AS root, bool_or(q.told) AS confirmed FROM (
        SELECT b.person_id, b.root::text AS root, false AS told FROM belonging AS b
        UNION ALL
        SELECT t.person_id, NULL, true FROM told AS t
    ) AS q GROUP BY q.person_id
), persons AS MATERIALIZED (
    SELECT b.root, count(*) AS persons, count(*) FILTER (WHERE b.confirmed) AS persons_confirmed FROM belong AS b WHERE b.root IS NOT NULL GROUP BY b.root
), computed AS MATERIALIZED (
    SELECT coalesce(a.root, v.root) AS target_id, a.root IS NOT NULL AS listed,
        CASE WHEN head.of_persons THEN a.household_id ELSE coalesce(a.root, v.root) END AS household_id,
        CASE WHEN head.of_persons THEN coalesce(a.root, v.root) END AS person_id,
        coalesce(a.area_code, v.area_code) AS area_code, a.org_id, a.grid_cell_id, a.household_group_id, a.place_id,
        coalesce(v.attempts, 0) AS attempts, v.last_visit_at, v.done_as,
        CASE WHEN v.done_as IS NOT NULL THEN 'done' WHEN split_part(v.latest, '/', 3) = 'refused' THEN 'refused' WHEN v.attempts > 0 THEN 'attempted' ELSE 'open' END AS state,
        coalesce(v.done_at, v.last_visit_at) AS decided_at,
        CASE WHEN v.done_as IS NOT NULL THEN v.done_channel ELSE split_part(v.latest, '/', 2) END AS channel,
        coalesce(p.persons, 0) AS persons, coalesce(p.persons_confirmed, 0) AS persons_confirmed
    FROM aims AS a FULL JOIN visits AS v ON v.root = a.root FULL JOIN persons AS p ON p.root = coalesce(a.root, v.root) CROSS JOIN head
    WHERE a.root IS NOT NULL OR v.direct > 0
)
