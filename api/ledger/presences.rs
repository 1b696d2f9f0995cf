//! Distinct persons (人), beside person-times (人次): how many different people the records of a kind name, by
//! day, since the month's first, and ever, in a district, township, village and at a place.
//!
//! Households are counted so, too: each family of subjects leads its own merged ones to those that they turned out to
//! be, and knows its presences by the names under which they are kept ([`Families`]).
//!
//! People who are new with an append are counted in its own statement ([`super::newcomers`]). For others, [`settle`] is
//! of statements of their own, that follow the append's in its transaction: it sees, under the
//! clock's lock, all that any process wrote before. It touches only people of whom a presence came or went,
//! and those they are merged with: what those counted as before goes, what they count as now comes.

use kit::engine::Engine;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::newcomers::ADD_UP;
use super::{Families, Family, Pointer, PresenceKey, Tallies};

/// From rows `kind, root, scope, on_day, side` to changes of `person_rollups`: each day counts its people, and
/// those of them who are on no earlier day of the month, and on none at all.
const FIGURES: &str = "flags AS (SELECT kind, scope, on_day, side, \
    row_number() OVER (PARTITION BY side, kind, root, scope, date_trunc('month', on_day::timestamp) ORDER BY on_day) = 1 AS first_in_month, \
    row_number() OVER (PARTITION BY side, kind, root, scope ORDER BY on_day) = 1 AS first_ever FROM spread), \
    figures AS (SELECT kind, scope, on_day, sum(side)::bigint AS persons, \
    coalesce(sum(side) FILTER (WHERE first_in_month), 0)::bigint AS new_in_month, \
    coalesce(sum(side) FILTER (WHERE first_ever), 0)::bigint AS new_ever FROM flags GROUP BY kind, scope, on_day)";

/// The scopes in which a presence counts.
const SCOPES: &str = "CROSS JOIN LATERAL (VALUES (left(p.area_code, 6)), \
    (CASE WHEN length(p.area_code) >= 9 THEN left(p.area_code, 9) END), \
    (CASE WHEN length(p.area_code) >= 12 THEN left(p.area_code, 12) END), \
    (CASE WHEN p.place_id <> '00000000-0000-0000-0000-000000000000' THEN p.place_id::text END)) AS c(scope)";

/// The statements that bring distinct subjects up to date, for each family of which any came, went or was merged.
pub(super) fn settle(district_code: &str, tallies: &Tallies, families: &Families, engine: Engine) -> Vec<Statement> {
    let of_family = |family| settle_family(district_code, tallies, families, family, engine);
    families.all().flat_map(of_family).collect()
}

fn settle_family(
    district_code: &str,
    tallies: &Tallies,
    families: &Families,
    family: &Family,
    engine: Engine,
) -> Vec<Statement> {
    let deltas: Vec<&(PresenceKey, i64)> =
        tallies.presences.iter().filter(|(key, _)| families.keeps(family, key.kind)).collect();
    let pointers: Vec<Pointer> =
        tallies.pointers.iter().filter(|pointer| pointer.table == family.table).copied().collect();
    if deltas.is_empty() && pointers.is_empty() {
        return Vec::new();
    }
    let known = Statement::new("WITH delta AS MATERIALIZED (SELECT * FROM ").then(delta(&deltas)).sql(")");
    let known = members(touched(known, district_code, &pointers), district_code, &pointers, family);
    let known = if pointers.is_empty() {
        of_days(known, district_code)
    } else {
        let own = of_family(families, family, "q.kind");
        of_all_days(known, district_code, &own)
    };
    let known = known.sql(format!(", {FIGURES} "));
    match engine {
        // Whatever is counted was read before, on any engine: presences are written at the end.
        Engine::OneServer => {
            let counted = known.sql(", counted AS (").then(count(Statement::default(), district_code)).sql(") ");
            vec![counted.then(keep(Statement::new("delta AS d"), district_code))]
        }
        // Rows that a statement keeps between parts that write go to all servers there: each part by itself.
        Engine::SeveralServers { .. } => vec![count(known, district_code), keep(delta(&deltas), district_code)],
    }
}

/// Adds to the figures of persons, from `figures`. The append before it may have written nothing for want of a clock;
/// then neither does this.
fn count(known: Statement, district_code: &str) -> Statement {
    Statement::new(
        "INSERT INTO person_rollups AS r (district_code, kind, scope, on_day, persons, new_in_month, new_ever) ",
    )
    .then(known)
    .sql("SELECT c.district_code, f.* FROM district_clocks AS c CROSS JOIN figures AS f WHERE c.district_code = ")
    .text(district_code)
    .sql(" AND (f.persons <> 0 OR f.new_in_month <> 0 OR f.new_ever <> 0) ORDER BY 2, 3, 4")
    .sql(ADD_UP)
}

/// ` AND` a presence is one of the family's: an id may be a person's and, as a client gave it, a household's.
fn of_family(families: &Families, family: &Family, column: &str) -> String {
    let listed = |names: &mut dyn Iterator<Item = &&'static str>| {
        names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
    };
    let others = listed(&mut families.others.iter().flat_map(|other| &other.kept));
    match (family.table == families.people.table, others.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!(" AND {column} NOT IN ({others})"),
        (false, _) => format!(" AND {column} IN ({})", listed(&mut family.kept.iter())),
    }
}

/// All presences of a family in a district counted anew: `kind, scope, on_day, persons, new_in_month, new_ever`.
pub fn recount(district_code: &str, families: &Families, family: &Family) -> Statement {
    let Family { table, merged_into, .. } = family;
    let own = of_family(families, family, "p.kind");
    Statement::new("WITH RECURSIVE up(person_id, at, step) AS (SELECT DISTINCT p.person_id, p.person_id, 0 FROM person_presences AS p WHERE p.district_code = ")
        .text(district_code)
        .sql(format!("{own} UNION ALL SELECT up.person_id, m.{merged_into}, up.step + 1 FROM up JOIN {table} AS m ON m.district_code = "))
        .text(district_code)
        .sql(format!(" AND m.id = up.at WHERE m.{merged_into} IS NOT NULL), roots AS (SELECT DISTINCT ON (person_id) person_id, at AS root FROM up ORDER BY person_id, step DESC), spread AS (SELECT p.kind, r.root, c.scope, p.on_day, 1 AS side FROM person_presences AS p JOIN roots AS r USING (person_id) "))
        .sql(SCOPES)
        .sql(" WHERE p.total > 0 AND c.scope IS NOT NULL AND p.district_code = ")
        .text(district_code)
        .sql(format!("{own} GROUP BY 1, 2, 3, 4), {FIGURES} SELECT * FROM figures"))
}

/// By how much presences change, as `d`.
fn delta(deltas: &[&(PresenceKey, i64)]) -> Statement {
    let column =
        |value: fn(&PresenceKey) -> Value| -> Vec<Value> { deltas.iter().map(|(key, _)| value(key)).collect() };
    Statement::default()
        .table(vec![
            (ColumnType::Text, column(|key| Value::Text(key.kind.to_owned()))),
            (ColumnType::Id, column(|key| Value::Id(key.person_id))),
            (ColumnType::Day, column(|key| Value::Day(key.on_day))),
            (ColumnType::Text, column(|key| Value::Text(key.area_code.clone()))),
            (ColumnType::Id, column(|key| Value::Id(key.place_id))),
            (ColumnType::Integer, deltas.iter().map(|(_, delta)| Value::Integer(*delta)).collect()),
        ])
        .sql(" AS d(kind, person_id, on_day, area_code, place_id, delta)")
}

/// Writes the presences as they are now, from `d`. Without a clock it writes none, as the append before it.
fn keep(delta: Statement, district_code: &str) -> Statement {
    Statement::new("INSERT INTO person_presences AS p (district_code, kind, person_id, on_day, area_code, place_id, total) SELECT c.district_code, d.* FROM district_clocks AS c CROSS JOIN ")
        .then(delta)
        .sql(" WHERE c.district_code = ")
        .text(district_code)
        .sql(" ON CONFLICT (district_code, person_id, kind, on_day, area_code, place_id) DO UPDATE SET total = p.total + excluded.total")
}

/// `touched`: whose presence came or went, and who leads elsewhere. A further record on the same day at the same
/// place touches nobody, so that it costs a row and nothing more.
fn touched(statement: Statement, district_code: &str, pointers: &[Pointer]) -> Statement {
    // Beside the id, OFFSET 0 keeps the planner from reading all presences of the district.
    let statement = statement
        .sql(", touched AS (SELECT d.person_id FROM delta AS d LEFT JOIN LATERAL (SELECT q.total FROM person_presences AS q WHERE q.district_code = ")
        .text(district_code)
        .sql(" AND q.person_id = d.person_id AND q.kind = d.kind AND q.on_day = d.on_day AND q.area_code = d.area_code AND q.place_id = d.place_id OFFSET 0) AS k ON true WHERE (coalesce(k.total, 0) > 0) <> (coalesce(k.total, 0) + d.delta > 0)");
    if pointers.is_empty() {
        return statement.sql(" GROUP BY 1)");
    }
    let ends = pointers.iter().flat_map(|pointer| [Some(pointer.person_id), pointer.former, pointer.next]).flatten();
    statement.sql(" UNION SELECT unnest(").column(ColumnType::Id, ends.map(Value::Id).collect()).sql("::uuid[]))")
}

/// `members`: all that are one with somebody touched, with the id that stands for them now (`root`)
/// and stood for him before. The family's table has the new pointers already. Who leads to whom is asked within a part that
/// only reads: an engine that spreads districts over servers refuses what writes and goes round.
fn members(statement: Statement, district_code: &str, pointers: &[Pointer], family: &Family) -> Statement {
    let Family { table, merged_into, .. } = family;
    // Asked beside the id, NULL would lead over the index of all who are merged.
    let statement = statement
        .sql(format!(", members AS (WITH RECURSIVE up(person_id, at, step) AS (SELECT person_id, person_id, 0 FROM touched UNION ALL SELECT up.person_id, m.merged_into, up.step + 1 FROM up CROSS JOIN LATERAL (SELECT q.{merged_into} AS merged_into FROM {table} AS q WHERE q.district_code = "))
        .text(district_code)
        .sql(format!(" AND q.id = up.at OFFSET 0) AS m WHERE m.merged_into IS NOT NULL), roots AS (SELECT DISTINCT root FROM (SELECT DISTINCT ON (person_id) at AS root FROM up ORDER BY person_id, step DESC) AS found), down(root, person_id) AS (SELECT root, root FROM roots UNION ALL SELECT down.root, m.id FROM down CROSS JOIN LATERAL (SELECT q.id FROM {table} AS q WHERE q.district_code = "))
        .text(district_code)
        .sql(format!(" AND q.{merged_into} = down.person_id OFFSET 0) AS m)"));
    if pointers.is_empty() {
        return statement.sql(" SELECT person_id, root, root AS former_root FROM down)");
    }
    let id = |id: Option<Uuid>| id.map_or(Value::Null, Value::Id);
    statement
        .sql(", former(id, merged_into) AS (SELECT * FROM unnest(")
        .column(ColumnType::Id, pointers.iter().map(|pointer| Value::Id(pointer.person_id)).collect())
        .sql("::uuid[], ")
        // The nil id stands for "led nowhere": a column takes no NULL.
        .column(ColumnType::Id, pointers.iter().map(|pointer| id(pointer.former.or(Some(Uuid::nil())))).collect())
        .sql(format!("::uuid[])), back(person_id, at, step) AS (SELECT person_id, person_id, 0 FROM down UNION ALL SELECT back.person_id, m.merged_into, back.step + 1 FROM back CROSS JOIN LATERAL (SELECT coalesce(f.merged_into, q.{merged_into}) AS merged_into FROM {table} AS q LEFT JOIN former AS f ON f.id = q.id WHERE q.district_code = "))
        .text(district_code)
        .sql(" AND q.id = back.at OFFSET 0) AS m WHERE m.merged_into <> '00000000-0000-0000-0000-000000000000') SELECT d.person_id, d.root, b.at AS former_root FROM down AS d JOIN (SELECT DISTINCT ON (person_id) person_id, at FROM back ORDER BY person_id, step DESC) AS b USING (person_id))")
}

/// A member's presences that the deltas change, and those that are new, as they were and as they are: from `known`.
const ROWS: &str = "rows AS (SELECT k.root, k.former_root, k.kind, k.on_day, k.area_code, k.place_id, k.total AS former, k.total + coalesce(d.delta, 0) AS next FROM known AS k LEFT JOIN delta AS d USING (kind, person_id, on_day, area_code, place_id) UNION ALL SELECT m.root, m.former_root, d.kind, d.on_day, d.area_code, d.place_id, 0, d.delta FROM members AS m JOIN delta AS d USING (person_id) LEFT JOIN known AS k USING (kind, person_id, on_day, area_code, place_id) WHERE k.total IS NULL)";

/// Before and after: what counted goes, what counts comes.
const SIDES: &str = "SELECT p.kind, s.root, c.scope, p.on_day, s.side FROM rows AS p CROSS JOIN LATERAL (VALUES (-1, p.former_root, p.former), (1, p.root, p.next)) AS s(side, root, total)";

/// `spread` where somebody leads elsewhere: from all presences of all concerned.
fn of_all_days(statement: Statement, district_code: &str, own: &str) -> Statement {
    statement
        .sql(", known AS (SELECT m.root, m.former_root, p.* FROM members AS m CROSS JOIN LATERAL (SELECT q.kind, q.person_id, q.on_day, q.area_code, q.place_id, q.total FROM person_presences AS q WHERE q.district_code = ")
        .text(district_code)
        .sql(format!(" AND q.person_id = m.person_id{own} OFFSET 0) AS p), {ROWS}, spread AS ({SIDES} {SCOPES} WHERE s.total > 0 AND c.scope IS NOT NULL GROUP BY 1, 2, 3, 4, 5)"))
}

/// `spread` where nobody does: from the presences of the days that change, and of each scope concerned the first other
/// day of the month and of all. However long somebody has been known, no more decides which day is his first.
fn of_days(statement: Statement, district_code: &str) -> Statement {
    statement
        .sql(", days AS (SELECT m.root, d.kind, array_agg(DISTINCT d.on_day) AS on_days FROM delta AS d JOIN members AS m USING (person_id) GROUP BY 1, 2), known AS (SELECT m.root, m.former_root, p.* FROM days AS y CROSS JOIN LATERAL unnest(y.on_days) AS u(on_day) JOIN members AS m USING (root) CROSS JOIN LATERAL (SELECT q.kind, q.person_id, q.on_day, q.area_code, q.place_id, q.total FROM person_presences AS q WHERE q.district_code = ")
        .text(district_code)
        .sql(format!(" AND q.person_id = m.person_id AND q.kind = y.kind AND q.on_day = u.on_day OFFSET 0) AS p), {ROWS}"))
        .sql(", spans AS (SELECT DISTINCT m.root, p.kind, c.scope, t.first_day, t.past_day FROM delta AS p JOIN members AS m USING (person_id) ")
        .sql(SCOPES)
        .sql(" CROSS JOIN LATERAL (VALUES ('-infinity'::date, 'infinity'::date), (date_trunc('month', p.on_day::timestamp)::date, (date_trunc('month', p.on_day::timestamp) + interval '1 month')::date)) AS t(first_day, past_day) WHERE c.scope IS NOT NULL), others AS (SELECT s.root, s.kind, s.scope, o.on_day FROM spans AS s JOIN days AS y USING (root, kind) JOIN members AS m USING (root) CROSS JOIN LATERAL (SELECT p.on_day FROM person_presences AS p ")
        .sql(SCOPES)
        .sql(" WHERE p.district_code = ")
        .text(district_code)
        .sql(format!(" AND p.person_id = m.person_id AND p.kind = s.kind AND p.on_day >= s.first_day AND p.on_day < s.past_day AND p.on_day <> ALL (y.on_days) AND p.total > 0 AND c.scope = s.scope ORDER BY p.on_day LIMIT 1) AS o), spread AS ({SIDES} {SCOPES} WHERE s.total > 0 AND c.scope IS NOT NULL UNION SELECT o.kind, o.root, o.scope, o.on_day, s.side FROM others AS o CROSS JOIN (VALUES (-1), (1)) AS s(side))"))
}
