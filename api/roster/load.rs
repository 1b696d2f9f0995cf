//! Loading what a batch of claims touches: shifts, who takes them, when those people are elsewhere, who came.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Engagement, Mark, Roster, Shift, Volunteer};
use crate::kit::row::Row;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::{Value, Values};
use crate::ledger::decide::Claim;
use crate::records::awaited::has_come;
use crate::records::scribe::Scribe;

/// A shift, a rest and a shift lie within so long.
const AROUND: &str = "interval '60 hours'";

const SERVED: &str = "SELECT r.id, v.person_id, r.shift_id, r.starts_at, r.ends_at, 0::bigint AS min_rest_minutes";

fn all(claims: &[&Claim], name: &str) -> Vec<Value> {
    let values = claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next));
    let ids: BTreeSet<Uuid> = values.filter_map(|values| values.id(name)).collect();
    ids.into_iter().map(Value::Id).collect()
}

fn shifts_of(claims: &[&Claim]) -> Vec<Value> {
    let own =
        claims.iter().filter(|claim| ["shifts", super::LOOK].contains(&claim.kind)).map(|claim| Value::Id(claim.id));
    own.chain(all(claims, "shift_id")).collect()
}

/// Shifts; assignments; volunteers; when they are elsewhere; marks; service records; what was served around; duties.
pub fn statements(scribe: &Scribe, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
    let kinds = ["shift_assignments", "service_records", "duties"].map(|name| scribe.kinds.kind(name));
    let [Some(assignments), Some(service), Some(duties)] = kinds else { return Vec::new() };
    let (shifts, volunteers) = (shifts_of(claims), all(claims, "volunteer_id"));
    let of_shifts = |select: &str, table: &str, column: &str| {
        Statement::new(format!("SELECT {select} FROM {table} AS r WHERE r.district_code = "))
            .text(district_code)
            .sql(format!(" AND r.{column} = ANY("))
            .column(ColumnType::Id, shifts.clone())
            .sql(")")
    };
    let taken = || of_shifts("r.volunteer_id", "shift_assignments", "shift_id");
    let of_volunteers = Statement::new("SELECT v.id, v.person_id, v.roles, v.active AND NOT v.voided AS active, v.user_id, v.team_id FROM volunteers AS v WHERE v.district_code = ")
        .text(district_code)
        .sql(" AND (v.id = ANY(")
        .column(ColumnType::Id, volunteers.clone())
        .sql(") OR v.id IN (")
        .then(taken())
        .sql("))");
    let service_starts = claims.iter().filter(|claim| claim.kind == "service_records").flat_map(|claim| &claim.next);
    let service_starts: Vec<_> = service_starts.filter_map(|values| values.instant("starts_at")).collect();
    let bound = |at: Option<&chrono::DateTime<chrono::Utc>>, by: TimeDelta| {
        at.map_or(Value::Null, |at| Value::Instant(*at + by))
    };
    let around = people(
        district_code,
        &any_of(&volunteers),
        SERVED,
        "service_records AS r ON r.volunteer_id = v.id",
    )
    .sql(" AND NOT r.voided AND r.starts_at > ")
    .bind(ColumnType::Instant, bound(service_starts.iter().min(), -TimeDelta::days(3)))
    .sql(" AND r.starts_at < ")
    .bind(ColumnType::Instant, bound(service_starts.iter().max(), TimeDelta::days(3)))
    .sql(" UNION ")
    .then(people(
        district_code,
        &takers_of(district_code, &shifts),
        SERVED,
        &format!("service_records AS r ON r.volunteer_id = v.id AND NOT r.voided JOIN shifts AS t ON t.district_code = r.district_code AND r.starts_at < t.ends_at + {AROUND} AND r.ends_at > t.starts_at - {AROUND}"),
    ))
    .sql(" AND t.id = ANY(")
    .column(ColumnType::Id, shifts.clone())
    .sql(")");
    let of_duties = of_shifts(duties.select(), "duties", "subject_id")
        .sql(" UNION ALL ")
        .then(
            Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", duties.select()))
                .text(district_code),
        )
        .sql(" AND r.subject_id IN (")
        .then(of_shifts("r.id", "shift_assignments", "shift_id"))
        .sql(")");
    vec![
        of_shifts(
            "r.id, r.place_id, r.area_code, r.org_id, r.starts_at, r.ends_at, r.needs, r.min_rest_minutes, r.cancelled OR r.voided AS cancelled",
            "shifts",
            "id",
        ),
        of_shifts(assignments.select(), "shift_assignments", "shift_id").sql(" AND NOT r.voided"),
        of_volunteers,
        engaged(district_code, &shifts, &volunteers, claims),
        of_shifts("r.id, r.assignment_id, r.action, r.occurred_at, r.recorded_at", "shift_attendances", "shift_id")
            .sql(format!(" AND NOT r.voided AND {}", has_come("r."))),
        of_shifts(service.select(), "service_records", "shift_id"),
        around,
        of_duties,
    ]
}

/// Condition: one of these.
fn any_of(ids: &[Value]) -> Statement {
    Statement::new(" = ANY(").column(ColumnType::Id, ids.to_vec()).sql(")")
}

/// Condition: one of those who have these shifts.
fn takers_of(district_code: &str, shifts: &[Value]) -> Statement {
    Statement::new(" IN (SELECT r.volunteer_id FROM shift_assignments AS r WHERE r.district_code = ")
        .text(district_code)
        .sql(" AND r.shift_id = ANY(")
        .column(ColumnType::Id, shifts.to_vec())
        .sql("))")
}

/// `SELECT … FROM` all volunteers who are the same people as those, joined.
fn people(district_code: &str, who: &Statement, select: &str, joined: &str) -> Statement {
    Statement::new(format!("{select} FROM volunteers AS w JOIN volunteers AS v ON v.district_code = w.district_code AND v.person_id = w.person_id JOIN {joined} AND r.district_code = v.district_code WHERE w.district_code = "))
        .text(district_code)
        .sql(" AND w.id")
        .then(who.clone())
}

/// Where those people are otherwise, around the shifts in question; and those who have a shift that is moved, around
/// where it goes.
fn engaged(district_code: &str, shifts: &[Value], volunteers: &[Value], claims: &[&Claim]) -> Statement {
    let select = "SELECT DISTINCT r.id, v.person_id, r.shift_id, s.starts_at, s.ends_at, s.min_rest_minutes::bigint AS min_rest_minutes";
    let taken = "shift_assignments AS r ON r.volunteer_id = v.id AND r.state = 'assigned' AND NOT r.voided JOIN shifts AS s ON s.district_code = r.district_code AND s.id = r.shift_id AND NOT s.cancelled AND NOT s.voided";
    let joined = format!(
        "{taken} JOIN shifts AS t ON t.district_code = s.district_code AND s.starts_at < t.ends_at + {AROUND} AND s.ends_at > t.starts_at - {AROUND}"
    );
    let around = people(district_code, &any_of(volunteers), select, &joined)
        .sql(" AND t.id = ANY(")
        .column(ColumnType::Id, shifts.to_vec())
        .sql(")");
    let moved = claims.iter().filter(|claim| claim.kind == "shifts" && claim.former.is_some());
    moved.fold(around, |all, claim| {
        let next = claim.next.as_ref();
        let Some((from, to)) = next.and_then(|next| next.instant("starts_at").zip(next.instant("ends_at"))) else {
            return all;
        };
        let own = takers_of(district_code, &[Value::Id(claim.id)]);
        all.sql(" UNION ")
            .then(people(district_code, &own, select, taken))
            .sql(format!(" AND s.ends_at + {AROUND} > "))
            .bind(ColumnType::Instant, Value::Instant(from))
            .sql(format!(" AND s.starts_at - {AROUND} < "))
            .bind(ColumnType::Instant, Value::Instant(to))
    })
}

/// The state of those rows.
pub fn roster(scribe: &Arc<Scribe>, rows: Vec<Vec<Row>>) -> Result<Roster, String> {
    let mut lists = rows.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let shifts = next().into_iter().filter_map(shift).collect();
    let assignments = scribe.kept("shift_assignments", next())?;
    let volunteers = next().into_iter().filter_map(volunteer).collect();
    let engagements = next().into_iter().filter_map(engagement).collect();
    let marks = next().into_iter().filter_map(mark).collect();
    let service = scribe.kept("service_records", next())?;
    let served = next().into_iter().filter_map(engagement).collect();
    let duties = scribe.kept("duties", next())?;
    Ok(Roster {
        scribe: Arc::clone(scribe),
        shifts,
        volunteers,
        assignments,
        written: BTreeSet::new(),
        engagements,
        marks,
        service,
        served,
        duties,
        touched: BTreeSet::new(),
        by: Uuid::nil(),
    })
}

fn shift(mut row: Row) -> Option<(Uuid, Shift)> {
    let mut values = Values::default();
    for name in ["place_id", "area_code", "org_id", "starts_at", "ends_at", "needs", "min_rest_minutes", "cancelled"] {
        values.set(name, row.take(name));
    }
    Some((row.id("id")?, Shift::of(&values)?))
}

fn volunteer(mut row: Row) -> Option<(Uuid, Volunteer)> {
    let roles = match row.take("roles") {
        Value::Json(Json::Array(roles)) => roles.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let (user_id, team_id) = (row.id("user_id"), row.id("team_id"));
    Some((
        row.id("id")?,
        Volunteer { person_id: row.id("person_id")?, roles, active: row.boolean("active")?, user_id, team_id },
    ))
}

fn engagement(mut row: Row) -> Option<(Uuid, Engagement)> {
    let shift_id = row.id("shift_id");
    let (starts_at, ends_at) = (row.instant("starts_at")?, row.instant("ends_at")?);
    let min_rest_minutes = row.integer("min_rest_minutes")?;
    Some((
        row.id("id")?,
        Engagement { person_id: row.id("person_id")?, shift_id, starts_at, ends_at, min_rest_minutes },
    ))
}

fn mark(mut row: Row) -> Option<(Uuid, Mark)> {
    let id = row.id("id")?;
    let is_in = row.text("action")? == "check_in";
    let (occurred_at, known_at) = (row.instant("occurred_at")?, row.instant("recorded_at")?);
    Some((id, Mark { id, assignment_id: row.id("assignment_id")?, is_in, occurred_at, known_at }))
}
