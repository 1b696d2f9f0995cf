//! The writes of the trail: every revision of every kind is a deed, and the ledger has them all.

use super::trail::{AUDITORS, Line, Trail};
use crate::app::Service;
use crate::auth::roles::Actor;
use crate::kit::problem::Problem;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;
use crate::records::Kind;
use crate::records::scope::reached;

/// The most records of one kind under one number.
const MOST_OF_ONE_NUMBER: i64 = 16;

/// The writes of a district that a trail asks for, newest first.
pub async fn read(service: &Service, actor: &Actor, trail: &Trail, district_code: &str) -> Result<Vec<Line>, Problem> {
    let Some(bounds) = bounds(service, trail, district_code).await? else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for kind in service.kinds.kinds().filter(|kind| is_asked(trail, kind)) {
        for former in [false, true] {
            let statement = statement(actor, trail, kind, district_code, bounds, former);
            let rows = service.database.read(&statement).await?;
            lines.extend(rows.into_iter().filter_map(|row| Line::of_write(service, kind.name, row)));
        }
    }
    lines.sort_by(|one, other| other.order().cmp(&one.order()));
    // A revision that was superseded between the two statements is found by both.
    lines.dedup_by(|one, other| one.order() == other.order());
    if let Some((number, subject)) = &trail.after.1 {
        lines.retain(|line| (line.change_no, line.subject.as_str()) < (Some(*number), subject.as_str()));
    }
    lines.truncate(trail.limit + 1);
    Ok(lines)
}

fn is_asked(trail: &Trail, kind: &Kind) -> bool {
    let of_verb =
        trail.verb.as_deref().is_none_or(|verb| verb.split_once('.').is_some_and(|(name, _)| name == kind.name));
    of_verb && trail.subject_kind.as_deref().is_none_or(|name| name == kind.name)
}

/// The numbers from and before which the writes stand: instants are numbers here, because a district's
/// entries follow each other in time. None where nothing was written in that time.
async fn bounds(service: &Service, trail: &Trail, district_code: &str) -> Result<Option<(i64, i64)>, Problem> {
    let (mut first, mut end) = (1, trail.after.1.as_ref().map_or(i64::MAX, |(number, _)| number + 1));
    if let Some(from) = trail.from {
        match number(service, district_code, ">=", from, "ASC", "first_no").await? {
            Some(number) => first = number,
            None => return Ok(None),
        }
    }
    if let Some(to) = trail.to {
        match number(service, district_code, "<", to, "DESC", "first_no + change_count").await? {
            Some(number) => end = end.min(number),
            None => return Ok(None),
        }
    }
    Ok(Some((first, end)))
}

async fn number(
    service: &Service,
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
    Ok(service.database.read(&statement).await?.into_iter().next().and_then(|mut row| row.integer("number")))
}

fn statement(
    actor: &Actor,
    trail: &Trail,
    kind: &Kind,
    district_code: &str,
    (first, end): (i64, i64),
    former: bool,
) -> Statement {
    let rows = if former {
        format!(
            "(SELECT (jsonb_populate_record(NULL::{0}, h.body)).* FROM record_revisions AS h WHERE h.kind = '{0}' AND h.district_code = ",
            kind.name
        )
    } else {
        format!("(SELECT t.* FROM {} AS t WHERE t.district_code = ", kind.name)
    };
    let table = if former { "h" } else { "t" };
    let was_void = format!(
        "EXISTS (SELECT 1 FROM record_revisions AS b WHERE b.district_code = r.district_code AND b.kind = '{}' AND b.id = r.id AND b.revision = r.revision - 1 AND (b.body->>'voided')::boolean)",
        kind.name
    );
    let columns = "r.id, r.revision, r.change_no, r.revised_at, r.revised_by, r.voided, r.area_code";
    let mut statement =
        Statement::new(format!("SELECT {columns}, {was_void} AS was_void FROM {rows}")).text(district_code);
    statement = statement.sql(format!(" AND {table}.change_no >= ")).integer(first);
    statement = statement.sql(format!(" AND {table}.change_no < ")).integer(end);
    if !trail.subject_ids.is_empty() {
        let ids = trail.subject_ids.iter().copied().map(Value::Id).collect();
        statement = statement.sql(format!(" AND {table}.id = ANY(")).column(ColumnType::Id, ids).sql(")");
    }
    statement = statement.sql(") AS r WHERE ");
    statement = if trail.of_all_areas {
        statement.sql("true").seeing_district(district_code)
    } else {
        reached("r", statement, actor, AUDITORS, true)
    };
    if let Some(id) = trail.actor_id {
        statement = statement.sql(" AND r.revised_by = ").id(id);
    }
    let operation = trail.verb.as_deref().and_then(|verb| verb.split_once('.')).map(|(_, operation)| operation);
    statement = statement.sql(match operation {
        None => String::new(),
        Some("create") => " AND r.revision = 1 AND NOT r.voided".to_owned(),
        Some("amend") => format!(" AND r.revision > 1 AND NOT r.voided AND NOT {was_void}"),
        Some("restore") => format!(" AND r.revision > 1 AND NOT r.voided AND {was_void}"),
        Some("void") => " AND r.voided".to_owned(),
        Some(_) => " AND false".to_owned(),
    });
    // The records of the number at which the page before ended come once more, to be left out.
    let limit = i64::try_from(trail.limit).unwrap_or(i64::MAX / 2) + 1 + MOST_OF_ONE_NUMBER;
    statement.sql(" ORDER BY r.change_no DESC LIMIT ").integer(limit)
}
