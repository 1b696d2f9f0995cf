//! Groups as they stand today: whether the leader still lives in one of their households, and how many they have.

use chrono::NaiveDate;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;

/// `WITH RECURSIVE … s AS (…)`: the groups in use with `leads` (whether the leader lives in one of their households today)
/// and `households` (active ones that they have). Whoever turned out to be another, household or person, is that one.
///
/// Group by group (`OFFSET 0` keeps it so): each leader's memberships are found by index.
pub fn standing_groups(district_code: &str, today: NaiveDate) -> Statement {
    Statement::new("WITH RECURSIVE up(id, at, step) AS (SELECT m.id, m.merged_into, 1 FROM (SELECT id, merged_into FROM people WHERE merged_into IS NOT NULL AND district_code = ")
        .text(district_code)
        .sql(" UNION ALL SELECT id, merged_into FROM households WHERE merged_into IS NOT NULL AND district_code = ")
        .text(district_code)
        .sql(") AS m UNION ALL SELECT up.id, n.merged_into, up.step + 1 FROM up CROSS JOIN LATERAL (SELECT p.merged_into FROM people AS p WHERE p.id = up.at AND p.merged_into IS NOT NULL AND p.district_code = ")
        .text(district_code)
        .sql(" UNION ALL SELECT h.merged_into FROM households AS h WHERE h.id = up.at AND h.merged_into IS NOT NULL AND h.district_code = ")
        .text(district_code)
        .sql(
            ") AS n WHERE up.step < 32), \
             f AS (SELECT DISTINCT ON (id) id, at AS root FROM up ORDER BY id, step DESC), \
             roots AS MATERIALIZED (SELECT coalesce(jsonb_object_agg(f.id, f.root), '{}') AS ids FROM f), \
             families AS MATERIALIZED (SELECT coalesce(jsonb_object_agg(x.root, x.ids), '{}') AS ids FROM (SELECT f.root, jsonb_agg(f.id) AS ids FROM f GROUP BY f.root) AS x), \
             s AS (SELECT g.id, g.area_code, g.org_id, g.recorded_by, g.name, g.grid_cell_id, g.leader_person_id, g.leader_user_id, g.revised_at, c.households, h.id IS NOT NULL AS leads \
             FROM household_groups AS g CROSS JOIN roots CROSS JOIN families \
             CROSS JOIN LATERAL (SELECT coalesce((roots.ids ->> g.leader_person_id::text)::uuid, g.leader_person_id) AS id OFFSET 0) AS leader \
             CROSS JOIN LATERAL (SELECT count(*) AS households FROM households AS o WHERE o.household_group_id = g.id AND NOT o.voided AND o.status = 'active' AND o.district_code = ",
        )
        .text(district_code)
        .sql(
            ") AS c LEFT JOIN LATERAL (SELECT m.household_id, m.until_on FROM (SELECT leader.id UNION SELECT (jsonb_array_elements_text(coalesce(families.ids -> leader.id::text, '[]')))::uuid) AS own \
             CROSS JOIN LATERAL (SELECT * FROM household_members AS t WHERE t.person_id = own.id AND t.district_code = ",
        )
        .text(district_code)
        .sql(" OFFSET 0) AS m WHERE NOT m.voided AND m.basis = 'lives' AND m.since_on <= ")
        .bind(ColumnType::Day, Value::Day(today))
        .sql(
            " ORDER BY m.since_on DESC, m.occurred_at DESC, m.id DESC LIMIT 1) AS l ON true \
             LEFT JOIN LATERAL (SELECT r.id FROM households AS r WHERE r.id = coalesce((roots.ids ->> l.household_id::text)::uuid, l.household_id) AND r.household_group_id = g.id AND NOT r.voided AND r.status = 'active' AND (l.until_on IS NULL OR l.until_on > ",
        )
        .bind(ColumnType::Day, Value::Day(today))
        .sql(") AND r.district_code = ")
        .text(district_code)
        .sql(" LIMIT 1) AS h ON true WHERE NOT g.voided AND g.active IS NOT FALSE AND g.district_code = ")
        .text(district_code)
        .sql(") ")
}
