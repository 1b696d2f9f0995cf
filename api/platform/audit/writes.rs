//! The writes of the trail: every revision of every kind is a deed, and the index of changes has them all.

use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::trail::{AUDITORS, Line, Trail};
use crate::platform::access::closed_rooms::ClosedRooms;
use crate::platform::access::roles::Actor;
use crate::platform::access::scope::reached;
use crate::platform::core::Core;

/// The most records under one number.
const MOST_OF_ONE_NUMBER: i64 = 64;

/// The writes of a district that a trail asks for, newest first.
pub async fn read(core: &Core, actor: &Actor, trail: &Trail, district_code: &str) -> Result<Vec<Line>, Problem> {
    let Some(bounds) = bounds(core, trail, district_code).await? else { return Ok(Vec::new()) };
    let rows = core.database.read(&statement(core, actor, trail, (district_code, bounds))).await?;
    let mut lines: Vec<Line> = rows.into_iter().filter_map(|row| Line::of_write(core, row)).collect();
    lines.sort_by(|one, other| other.order().cmp(&one.order()));
    if let Some((number, subject)) = &trail.after.1 {
        lines.retain(|line| (line.change_no, line.subject.as_str()) < (Some(*number), subject.as_str()));
    }
    lines.truncate(trail.limit + 1);
    Ok(lines)
}

/// The numbers from and before which the writes stand: instants are numbers here, because a district's
/// entries follow each other in time. None where nothing was written in that time.
async fn bounds(core: &Core, trail: &Trail, district_code: &str) -> Result<Option<(i64, i64)>, Problem> {
    let (mut first, mut end) = (1, trail.after.1.as_ref().map_or(i64::MAX, |(number, _)| number + 1));
    if let Some(from) = trail.from {
        match number(core, district_code, ">=", from, "ASC", "first_no").await? {
            Some(number) => first = number,
            None => return Ok(None),
        }
    }
    if let Some(to) = trail.to {
        match number(core, district_code, "<", to, "DESC", "first_no + change_count").await? {
            Some(number) => end = end.min(number),
            None => return Ok(None),
        }
    }
    Ok(Some((first, end)))
}

async fn number(
    core: &Core,
    district_code: &str,
    operator: &str,
    instant: chrono::DateTime<chrono::Utc>,
    order: &str,
    number: &str,
) -> Result<Option<i64>, Problem> {
    let statement = Statement::new(format!("SELECT {number} AS number FROM ledger_entries WHERE district_code = "))
        .text(district_code)
        .sql(format!(" AND recorded_at {operator} "))
        .bind(ColumnType::Instant, Value::Instant(instant))
        .sql(format!(" ORDER BY recorded_at {order}, first_no {order} LIMIT 1"))
        .seeing_district(district_code);
    Ok(core.database.read(&statement).await?.into_iter().next().and_then(|mut row| row.integer("number")))
}

fn statement(
    core: &Core,
    actor: &Actor,
    trail: &Trail,
    (district_code, (first, end)): (&str, (i64, i64)),
) -> Statement {
    let columns = "r.kind, r.id, r.revision, r.operation, r.change_no, r.revised_at, r.revised_by, r.area_code";
    let mut statement = Statement::new(format!("SELECT {columns} FROM ledger_changes AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.change_no >= ")
        .integer(first)
        .sql(" AND r.change_no < ")
        .integer(end)
        .sql(" AND r.kind <> ALL(")
        .column(ColumnType::Text, core.ext::<ClosedRooms>().to(actor))
        .sql(")");
    if !trail.subject_ids.is_empty() {
        let ids = trail.subject_ids.iter().copied().map(Value::Id).collect();
        statement = statement.sql(" AND r.id = ANY(").column(ColumnType::Id, ids).sql(")");
    }
    statement = if trail.of_all_areas {
        statement.seeing_district(district_code)
    } else {
        reached("r", statement.sql(" AND "), actor, AUDITORS, true)
    };
    if let Some(id) = trail.actor_id {
        statement = statement.sql(" AND r.revised_by = ").id(id);
    }
    if let Some(kind) = &trail.subject_kind {
        statement = statement.sql(" AND r.kind = ").text(kind);
    }
    if let Some(verb) = &trail.verb {
        let (kind, operation) = verb.split_once('.').unwrap_or((verb, ""));
        statement = statement.sql(" AND r.kind = ").text(kind).sql(" AND r.operation = ").text(operation);
    }
    // The records of the number at which the page before ended come once more, to be left out.
    let limit = i64::try_from(trail.limit).unwrap_or(i64::MAX / 2) + 1 + MOST_OF_ONE_NUMBER;
    statement.sql(" ORDER BY r.change_no DESC LIMIT ").integer(limit)
}
