//! Followers of a case: records that come into sight with it and leave with it. A case that moves to another township
//! takes along records written about it before, without revisions of their own. Told at the number of the case's.

use std::collections::BTreeMap;

use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::parts::{NOT_SEEN, Part, operation};
use super::queries::{Change, Window};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::records::Kind;
use crate::records::record_row::RecordRow;
use crate::records::scope::{Follows, in_area, readable, select};

/// A case whose sight changed between two numbers.
struct Moved {
    id: Uuid,
    person_id: Uuid,
    number: i64,
    enters: bool,
}

/// Finds the records of cases that came into the actor's sight or left it beyond `window.since` and up to a number.
pub async fn followers(
    core: &Core,
    actor: &Actor,
    kinds: &[&'static Kind],
    window: &Window,
    until: i64,
) -> Result<Vec<Change>, Problem> {
    let mut followers = Vec::new();
    let Some(leading) = kinds.iter().find_map(|kind| kind.rules.follows()) else { return Ok(followers) };
    let moved = moved(core, actor, leading, window, until).await?;
    for kind in kinds.iter().copied().filter(|kind| kind.name != leading.leader) {
        let Some(follows) = kind.follows() else { continue };
        for enters in [true, false] {
            let of_case =
                |case: &Moved| (if follows.names == "person_id" { case.person_id } else { case.id }, case.number);
            let numbers: BTreeMap<Uuid, i64> = moved.iter().filter(|case| case.enters == enters).map(of_case).collect();
            if numbers.is_empty() {
                continue;
            }
            let part = if enters { Part::Current } else { Part::Gone };
            let statement = statement(actor, kind, follows, window, &numbers, enters);
            for record in RecordRow::load(core, kind, &statement).await? {
                let number = record.id_in(follows.column).and_then(|id| numbers.get(&id)).copied().unwrap_or(until);
                followers.push(Change { kind, operation: operation(&record, part), record, number });
            }
        }
    }
    Ok(followers)
}

fn statement(
    actor: &Actor,
    kind: &Kind,
    follows: Follows,
    window: &Window,
    numbers: &BTreeMap<Uuid, i64>,
    enters: bool,
) -> Statement {
    let ids = numbers.keys().copied().map(Value::Id).collect();
    let statement = select(kind.shown_select(), &window.district_code)
        .sql(format!(" FROM {} AS r WHERE r.district_code = ", kind.name))
        .text(&window.district_code)
        .sql(format!(" AND r.{} = ANY(", follows.column))
        .column(ColumnType::Id, ids)
        .sql(")");
    let statement = if enters {
        // Newer revisions are told by themselves.
        let statement = statement.sql(" AND r.change_no <= ").integer(window.since).sql(" AND ");
        readable("r", statement, actor, kind)
    } else {
        // Records changed since are taken whatever the change was: an earlier revision may have been given.
        readable("r", statement.seeing_district(&window.district_code).sql(" AND "), actor, kind).sql(NOT_SEEN)
    };
    in_area("r", statement, window.area_code.as_deref())
}

/// The cases of which a revision lies between the two numbers, and that are seen at the one and not at the other.
async fn moved(
    core: &Core,
    actor: &Actor,
    leading: Follows,
    window: &Window,
    until: i64,
) -> Result<Vec<Moved>, Problem> {
    // Before the first number nothing was told, so nothing older follows.
    if window.since == 0 || until <= window.since || !actor.holds(leading.readers) {
        return Ok(Vec::new());
    }
    let between = |statement: Statement| {
        statement
            .text(&window.district_code)
            .sql(" AND change_no > ")
            .integer(window.since)
            .sql(" AND change_no <= ")
            .integer(until)
    };
    let ids = between(Statement::new(format!("SELECT id FROM {} WHERE district_code = ", leading.leader)));
    let ids =
        between(ids.sql(format!(
            " UNION SELECT id FROM record_revisions WHERE kind = '{}' AND district_code = ",
            leading.leader
        )));
    let mut touched: Vec<Value> = Vec::new();
    for mut row in core.database.read(&ids.seeing_district(&window.district_code)).await? {
        touched.extend(row.id("id").map(Value::Id));
    }
    if touched.is_empty() {
        return Ok(Vec::new());
    }
    let revisions = Statement::new(format!("SELECT id, change_no, person_id, area_code, org_id, area_history FROM {} WHERE district_code = ", leading.leader))
        .text(&window.district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, touched.clone())
        .sql(format!(") UNION ALL SELECT id, change_no, (body->>'person_id')::uuid, body->>'area_code', (body->>'org_id')::uuid, body->'area_history' FROM record_revisions WHERE kind = '{}' AND district_code = ", leading.leader))
        .text(&window.district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, touched)
        .sql(") ORDER BY id, change_no")
        .seeing_district(&window.district_code);
    let rows = core.database.read(&revisions).await?;
    Ok(compare(actor, leading, window.since, until, rows))
}

/// Revisions by case, the oldest first: how each was seen at the one number and at the other.
fn compare(actor: &Actor, leading: Follows, since: i64, until: i64, rows: Vec<Row>) -> Vec<Moved> {
    let mut cases: BTreeMap<Uuid, (bool, bool, Uuid, i64)> = BTreeMap::new();
    for mut row in rows {
        let (Some(id), Some(number), Some(person_id)) = (row.id("id"), row.integer("change_no"), row.id("person_id"))
        else {
            continue;
        };
        if number > until {
            continue;
        }
        let mut values = Values::default();
        values.set("area_history", row.take("area_history"));
        let here = (row.text("area_code").unwrap_or_default(), row.id("org_id"));
        let seen = (leading.seen_from)(&values, here)
            .iter()
            .any(|(area, org_id)| actor.reaches(leading.readers, area, *org_id));
        let case = cases.entry(id).or_insert((false, false, person_id, number));
        *case = (if number <= since { seen } else { case.0 }, seen, person_id, number);
    }
    let moved = cases.into_iter().filter(|(_, (was, is, ..))| was != is);
    moved.map(|(id, (_, enters, person_id, number))| Moved { id, person_id, number, enters }).collect()
}
