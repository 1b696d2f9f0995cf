, wanted AS MATERIALIZED (
    SELECT u.id, u.id AS root FROM unnest(:targets) AS u(id)
    UNION
    SELECT r.id, r.root FROM roots AS r WHERE r.root = ANY(:targets)
), list AS MATERIALIZED (
    SELECT DISTINCT w.root AS target_id, coalesce((merged.ids ->> p.person_id::text)::uuid, p.person_id) AS person_id FROM wanted AS w CROSS JOIN merged CROSS JOIN LATERAL (
        SELECT p.person_id FROM survey_target_persons AS p WHERE p.district_code = :district AND p.round_id = :round AND p.target_id = w.id OFFSET 0
    ) AS p
), ids AS MATERIALIZED (
    SELECT l.person_id AS id, l.person_id FROM list AS l
    UNION
    SELECT r.id, r.root FROM roots AS r WHERE r.root IN (SELECT l.person_id FROM list AS l)
), told AS MATERIALIZED (
    SELECT DISTINCT i.person_id FROM ids AS i CROSS JOIN head CROSS JOIN LATERAL (
        SELECT t.occurred_at FROM survey_tellings AS t WHERE t.district_code = :district AND t.round_id = :round AND t.subject_id = i.id AND t.confirms OFFSET 0
    ) AS t WHERE t.occurred_at <= head.until
)
SELECT l.target_id, l.person_id, EXISTS (SELECT 1 FROM told AS t WHERE t.person_id = l.person_id) AS confirmed FROM list AS l ORDER BY 1, 2
