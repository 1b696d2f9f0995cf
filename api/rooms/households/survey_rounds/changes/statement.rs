//! Changes between two rounds, as one statement: what each round listed and what its visits made of that, put side by
//! side. It is made of what stands when it is asked, so the order in which visits came doesn't matter.
//!
//! Whoever is listed or visited in a round is in it. A household is new or ended by the register, not by the lists: where two
//! rounds look at different parts of an area, a list says nothing of who came.

use chrono::NaiveDate;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use crate::platform::access::roles::Actor;
use crate::records::awaited::has_come;
use crate::records::scope::{readable, standing};
use crate::rooms::households::households::HOUSEHOLDS;
use crate::rooms::households::roots::roots;
use crate::rooms::households::survey_rounds::{SURVEY_ROUNDS, SurveyTarget};
use crate::rooms::households::survey_visits::SURVEY_VISITS;
use crate::rooms::registers::PEOPLE;

/// One of the two rounds.
pub struct Side {
    /// The round.
    pub id: Uuid,
    /// Its area.
    pub area_code: String,
    /// Number under which it was started.
    pub started_as: i64,
    /// Day by which it is told in which categories people are: its last, or today.
    pub on: NaiveDate,
}

/// Two rounds of a district that are compared.
pub struct Sides<'a> {
    /// Whoever asks.
    pub actor: &'a Actor,
    /// The district.
    pub district_code: &'a str,
    /// Sort of targets that both look at.
    pub target: SurveyTarget,
    /// The round that was before.
    pub former: Side,
    /// The round that came after.
    pub later: Side,
}

/// `WITH … c AS (…)` and what follows: a row a change, `position` its place in the list.
pub fn changes(sides: &Sides<'_>, then: &str) -> Statement {
    let listed = match sides.target {
        SurveyTarget::Households => LISTED_MEMBERS,
        SurveyTarget::Persons => LISTED_PERSONS,
    };
    let sql = SQL.replace("$listed$", listed).replace("$has_come$", &has_come("v.")) + then;
    filled(&sql, |statement, name| sides.put(statement, name))
}

/// The text with what stands between two signs of each pair put in its place.
fn filled(sql: &str, put: impl Fn(Statement, &str) -> Statement) -> Statement {
    let pieces = sql.split('$').enumerate();
    pieces.fold(Statement::new(""), |statement, (index, piece)| match index % 2 {
        0 => statement.sql(piece),
        _ => put(statement, piece),
    })
}

impl Sides<'_> {
    fn put(&self, statement: Statement, name: &str) -> Statement {
        let (former, later) = (&self.former, &self.later);
        match name {
            "district" => statement.text(self.district_code),
            "rounds" => statement.column(ColumnType::Id, vec![Value::Id(former.id), Value::Id(later.id)]),
            "later" => statement.id(later.id),
            "former_area" => statement.text(&former.area_code),
            "later_area" => statement.text(&later.area_code),
            "former_no" => statement.integer(former.started_as),
            "former_on" => statement.bind(ColumnType::Day, Value::Day(former.on)),
            "later_on" => statement.bind(ColumnType::Day, Value::Day(later.on)),
            "households" => statement.then(roots(HOUSEHOLDS.name, self.district_code)),
            "people" => statement.then(roots(PEOPLE.name, self.district_code)),
            "sees_target" => standing("t", statement, self.actor, &SURVEY_ROUNDS),
            "sees_visit" => readable("v", statement, self.actor, &SURVEY_VISITS),
            _ => statement,
        }
    }
}

/// Of a round that looks at households: the members on its list. What is compared with a list that this reader sees a
/// part of stands in brackets, so that it is looked up and not joined row by row.
const LISTED_MEMBERS: &str = "SELECT coalesce((merged.ids ->> tp.person_id::text)::uuid, tp.person_id) AS person, tp.round_id = $later$ AS later, coalesce((merged.ids ->> tp.target_id::text)::uuid, tp.target_id) AS home, NULL::text AS area_code, true AS listed, NULL::text AS status, NULL::timestamptz AS told_at, NULL::uuid AS visit_id \
     FROM survey_target_persons AS tp CROSS JOIN merged WHERE tp.district_code = $district$ AND tp.round_id = ANY($rounds$) AND (tp.target_id IN (SELECT t.target_id FROM t)) IS TRUE";

/// Of a round that looks at persons: those on its list.
const LISTED_PERSONS: &str = "SELECT t.root AS person, t.later, t.home, t.area_code, true AS listed, NULL::text AS status, NULL::timestamptz AS told_at, NULL::uuid AS visit_id FROM t";

const SQL: &str = "\
WITH merged AS MATERIALIZED (SELECT coalesce(jsonb_object_agg(m.id, m.root), '{}') AS ids FROM (SELECT h.id, h.root FROM $households$ AS h UNION ALL SELECT p.id, p.root FROM $people$ AS p) AS m), \
t AS MATERIALIZED (SELECT coalesce((merged.ids ->> t.target_id::text)::uuid, t.target_id) AS root, t.target_id, t.round_id = $later$ AS later, t.area_code, t.person_id IS NULL AS of_household, \
    coalesce((merged.ids ->> t.household_id::text)::uuid, t.household_id) AS home \
    FROM survey_targets AS t CROSS JOIN merged WHERE t.district_code = $district$ AND t.round_id = ANY($rounds$) AND $sees_target$), \
v AS MATERIALIZED (SELECT coalesce((merged.ids ->> coalesce(v.household_id, v.person_id)::text)::uuid, v.household_id, v.person_id) AS root, v.id, v.round_id = $later$ AS later, v.area_code, v.household_id IS NOT NULL AS of_household, \
    v.result, v.verification, v.members, v.occurred_at \
    FROM survey_visits AS v CROSS JOIN merged WHERE v.district_code = $district$ AND v.round_id = ANY($rounds$) AND NOT v.voided AND $has_come$ AND $sees_visit$), \
r AS (SELECT v.root, v.later, bool_or(v.of_household) AS of_household, min(v.area_code) AS area_code, \
    CASE WHEN bool_or(v.result = 'reached') THEN 'reached' WHEN bool_or(v.result = 'moved') THEN 'moved' WHEN bool_or(v.result = 'vacant') THEN 'vacant' ELSE (array_agg(v.result ORDER BY v.occurred_at DESC, v.id DESC))[1] END AS result, \
    coalesce((array_agg(v.id ORDER BY v.occurred_at DESC, v.id DESC) FILTER (WHERE v.result = 'reached'))[1], (array_agg(v.id ORDER BY v.occurred_at DESC, v.id DESC) FILTER (WHERE v.result = 'moved'))[1], \
        (array_agg(v.id ORDER BY v.occurred_at DESC, v.id DESC) FILTER (WHERE v.result = 'vacant'))[1], (array_agg(v.id ORDER BY v.occurred_at DESC, v.id DESC))[1]) AS visit_id \
    FROM v GROUP BY v.root, v.later), \
g AS (SELECT u.root, bool_or(u.of_household) AS of_household, coalesce(min(u.area_code) FILTER (WHERE u.listed AND u.later), min(u.area_code) FILTER (WHERE u.listed), min(u.area_code)) AS area_code, \
    bool_or(NOT u.later) AS was_in, bool_or(u.later) AS is_in, \
    max(u.result) FILTER (WHERE NOT u.later) AS former, max(u.result) FILTER (WHERE u.later) AS latter, \
    max(u.visit_id::text) FILTER (WHERE NOT u.later)::uuid AS former_visit, max(u.visit_id::text) FILTER (WHERE u.later)::uuid AS latter_visit \
    FROM (SELECT t.root, t.later, t.of_household, t.area_code, true AS listed, NULL::text AS result, NULL::uuid AS visit_id FROM t \
        UNION ALL SELECT r.root, r.later, r.of_household, r.area_code, false, r.result, r.visit_id FROM r) AS u GROUP BY u.root), \
k AS MATERIALIZED (SELECT g.*, \
    CASE WHEN g.of_household AND g.is_in AND NOT g.was_in THEN NOT coalesce((SELECT f.status = 'active' AND NOT f.voided AND starts_with(f.area_code, $former_area$) FROM ( \
        SELECT c.change_no, c.status, c.voided, c.area_code FROM households AS c WHERE c.district_code = $district$ AND c.id = g.root \
        UNION ALL SELECT b.change_no, b.body ->> 'status', (b.body ->> 'voided')::boolean, b.body ->> 'area_code' FROM record_revisions AS b WHERE b.district_code = $district$ AND b.kind = 'households' AND b.id = g.root) AS f \
        WHERE f.change_no < $former_no$ ORDER BY f.change_no DESC LIMIT 1), false) ELSE false END AS is_new, \
    CASE WHEN g.of_household AND g.was_in AND NOT g.is_in THEN coalesce((SELECT CASE WHEN c.voided THEN 'voided' WHEN c.status <> 'active' THEN c.status WHEN NOT starts_with(c.area_code, $later_area$) THEN 'left_area' ELSE 'active' END \
        FROM households AS c WHERE c.district_code = $district$ AND c.id = g.root), 'left_area') END AS became \
    FROM g), \
w AS (SELECT q.person, q.later, q.home, max(q.area_code) AS area_code, bool_or(q.listed) AS listed, max(q.told_at) AS told_at, \
    (array_agg(q.status ORDER BY q.told_at DESC, q.visit_id DESC) FILTER (WHERE q.status IS NOT NULL))[1] AS status, (array_agg(q.visit_id ORDER BY q.told_at DESC, q.visit_id DESC) FILTER (WHERE q.status IS NOT NULL))[1] AS visit_id \
    FROM ($listed$ \
        UNION ALL SELECT coalesce((merged.ids ->> (m ->> 'person_id'))::uuid, (m ->> 'person_id')::uuid), v.later, v.root, v.area_code, false, m ->> 'status', v.occurred_at, v.id \
            FROM v CROSS JOIN merged CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN jsonb_typeof(v.members) = 'array' THEN v.members ELSE '[]' END) AS m WHERE v.of_household \
        UNION ALL SELECT v.root, v.later, NULL, v.area_code, false, CASE WHEN v.verification = 'not_found' THEN 'not_here' WHEN v.result = 'moved' THEN 'left' WHEN v.result = 'reached' THEN 'told' END, v.occurred_at, v.id FROM v WHERE NOT v.of_household) AS q \
    GROUP BY q.person, q.later, q.home), \
z AS (SELECT w.person, max(w.area_code) AS area_code, \
    coalesce(bool_or(w.status IN ('present', 'away', 'told')) FILTER (WHERE NOT w.later), false) OR (coalesce(bool_or(w.listed AND w.status IS NULL) FILTER (WHERE NOT w.later), false) AND NOT coalesce(bool_or(w.home IS NULL AND w.status IN ('left', 'not_here')) FILTER (WHERE NOT w.later), false)) AS was_in, \
    coalesce(bool_or(w.status IN ('present', 'away', 'told')) FILTER (WHERE w.later), false) OR (coalesce(bool_or(w.listed AND w.status IS NULL) FILTER (WHERE w.later), false) AND NOT coalesce(bool_or(w.home IS NULL AND w.status IN ('left', 'not_here')) FILTER (WHERE w.later), false)) AS is_in, \
    coalesce((array_agg(w.home ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE NOT w.later AND w.home IS NOT NULL AND w.status IN ('present', 'away')))[1], (array_agg(w.home) FILTER (WHERE NOT w.later AND w.listed AND w.home IS NOT NULL))[1]) AS former_home, \
    coalesce((array_agg(w.home ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE w.later AND w.home IS NOT NULL AND w.status IN ('present', 'away')))[1], (array_agg(w.home) FILTER (WHERE w.later AND w.listed AND w.home IS NOT NULL))[1]) AS latter_home, \
    (array_agg(w.status ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE NOT w.later AND w.status IN ('present', 'away')))[1] AS former, \
    (array_agg(w.status ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE w.later AND w.status IN ('present', 'away')))[1] AS latter, \
    (array_agg(w.visit_id ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE NOT w.later AND w.status IN ('present', 'away', 'told')))[1] AS former_visit, \
    (array_agg(w.visit_id ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE w.later AND w.status IN ('present', 'away', 'told')))[1] AS latter_visit, \
    (array_agg(w.status ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE w.later AND w.status IN ('left', 'deceased', 'not_here')))[1] AS gone, \
    (array_agg(w.visit_id ORDER BY w.told_at DESC, w.visit_id DESC) FILTER (WHERE w.later AND w.status IN ('left', 'deceased', 'not_here')))[1] AS gone_visit \
    FROM w GROUP BY w.person), \
y AS MATERIALIZED (SELECT z.* FROM z WHERE (z.was_in OR z.is_in)), \
n AS (SELECT coalesce((merged.ids ->> p.id::text)::uuid, p.id) AS person, x.category, \
    bool_or(coalesce(x.since_on, '-infinity') <= $former_on$ AND coalesce(x.until_on, 'infinity') >= $former_on$) AS held, bool_or(coalesce(x.since_on, '-infinity') <= $later_on$ AND coalesce(x.until_on, 'infinity') >= $later_on$) AS holds \
    FROM people_by_category AS p CROSS JOIN merged CROSS JOIN LATERAL jsonb_to_recordset(p.categories) AS x(category text, since_on date, until_on date) WHERE p.categories <> '[]' AND p.district_code = $district$ GROUP BY 1, 2), \
e AS ( \
    SELECT 'household_new' AS change, k.root AS household_id, NULL::uuid AS person_id, k.area_code, NULL::text AS before, 'active' AS after, NULL::uuid AS before_household_id, NULL::uuid AS after_household_id, NULL::uuid AS before_visit_id, k.latter_visit AS after_visit_id FROM k WHERE k.is_new \
    UNION ALL SELECT 'household_ended', k.root, NULL, k.area_code, 'active', k.became, NULL, NULL, k.former_visit, NULL FROM k WHERE k.became <> 'active' \
    UNION ALL SELECT j.change, CASE WHEN k.of_household THEN k.root END, CASE WHEN k.of_household THEN NULL ELSE k.root END, k.area_code, k.former, k.latter, NULL, NULL, k.former_visit, k.latter_visit FROM k CROSS JOIN LATERAL (VALUES \
        ('became_vacant', k.of_household AND k.former IN ('reached', 'refused') AND k.latter = 'vacant'), \
        ('became_occupied', k.of_household AND k.former IN ('vacant', 'moved') AND k.latter IN ('reached', 'refused')), \
        ('moved_out', k.latter = 'moved' AND k.former NOT IN ('vacant', 'moved')), \
        ('result_worse', k.former IN ('reached', 'vacant', 'moved') AND k.latter IN ('not_reached', 'refused') OR k.former = 'not_reached' AND k.latter = 'refused'), \
        ('result_better', k.former IN ('not_reached', 'refused') AND k.latter IN ('reached', 'vacant', 'moved') OR k.former = 'refused' AND k.latter = 'not_reached')) AS j(change, holds) WHERE j.holds \
    UNION ALL SELECT 'person_new', y.latter_home, y.person, coalesce(k.area_code, y.area_code), NULL, y.latter, NULL, y.latter_home, NULL, y.latter_visit FROM y LEFT JOIN k ON k.root = y.latter_home WHERE y.is_in AND NOT y.was_in AND (k.root IS NULL OR k.was_in OR k.is_new) \
    UNION ALL SELECT 'person_left', y.former_home, y.person, coalesce(k.area_code, y.area_code), y.former, y.gone, y.former_home, NULL, y.former_visit, y.gone_visit FROM y LEFT JOIN k ON k.root = y.former_home WHERE y.was_in AND NOT y.is_in AND (k.root IS NULL OR k.is_in OR k.became <> 'active') \
    UNION ALL SELECT 'person_moved', y.latter_home, y.person, coalesce(k.area_code, y.area_code), y.former, y.latter, y.former_home, y.latter_home, y.former_visit, y.latter_visit FROM y LEFT JOIN k ON k.root = y.latter_home WHERE y.was_in AND y.is_in AND y.former_home <> y.latter_home \
    UNION ALL SELECT 'presence_changed', y.latter_home, y.person, coalesce(k.area_code, y.area_code), y.former, y.latter, NULL, NULL, y.former_visit, y.latter_visit FROM y LEFT JOIN k ON k.root = y.latter_home WHERE y.was_in AND y.is_in AND y.former <> y.latter \
    UNION ALL SELECT CASE WHEN n.holds THEN 'category_added' ELSE 'category_ended' END, coalesce(y.latter_home, y.former_home), y.person, coalesce(k.area_code, y.area_code), CASE WHEN n.held THEN n.category END, CASE WHEN n.holds THEN n.category END, NULL, NULL, y.former_visit, y.latter_visit FROM n JOIN y ON y.person = n.person LEFT JOIN k ON k.root = coalesce(y.latter_home, y.former_home) WHERE n.held <> n.holds), \
c AS MATERIALIZED (SELECT e.*, concat_ws('|', e.area_code, e.household_id, coalesce(e.person_id::text, ''), e.change, coalesce(e.before, ''), coalesce(e.after, '')) COLLATE \"C\" AS position FROM e) ";
