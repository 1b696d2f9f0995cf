//! Shifts that lack people.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::TimeDelta;
use kit::field::{Field, Shape};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::InZone;
use kit::value::Value;
use kit::{columns, fields};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::figures::narrowed;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope::ID;
use crate::records::list::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::records::scope::reached;
use crate::rooms::volunteers::shifts::assignments::ROLE;
use crate::rooms::volunteers::shifts::{ENDS_AT, STARTS_AT};
use crate::rooms::volunteers::teams::ROSTER_READERS;
use crate::rooms::volunteers::volunteers::DutyRole;

fields! {
    /// Parameters of its own.
    static PARAMETERS;
    WITHIN_HOURS: i64 = Field::new(
        "within_hours",
        Shape::Integer { min: 1, max: 1_440 },
        Text::new("Within hours", "小时内"),
        "Beginning within so many hours from now; 24 by default.",
    );
    PLACE_ID: Uuid = Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "At this place.");
}

columns! {
    /// Name of a place.
    NAME "name": String;
    /// Number of people who are missing.
    MISSING "missing": i64;
}

/// The operation of this part of the room.
pub fn operation() -> Operation {
    let shift = json!({"shift_id": "0198c0de-0033-7000-8000-000000000001", "place_id": "0198c0de-0002-7000-8000-000000000001", "place_name": "龙溪苑小区北门", "starts_at": "2020-02-03T07:00:00+08:00", "ends_at": "2020-02-03T12:00:00+08:00", "missing": [{"role": "registrar", "count": 1}]});
    Operation::new(Method::GET, "/v1/shifts/unfilled", "list_unfilled_shifts", unfilled)
        .described(
            "shifts",
            "Shifts that lack people",
            "Those that begin soon, the next first, with the roles that are missing.",
        )
        .access(Access::Roles(ROSTER_READERS))
        .keys(KeyScope::Read)
        .parameters(PARAMETERS.iter().chain([&AREA_CODE, &DISTRICT_CODE]).collect())
        .answers::<UnfilledShifts>(200, "The shifts.", Some(json!({"items": [shift]})))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND])
}

/// Shifts that lack people.
#[derive(Serialize, ToSchema)]
struct UnfilledShifts {
    /// The next first.
    #[schema(inline, max_items = 10_000)]
    items: Vec<UnfilledShift>,
}

/// A shift that lacks people.
#[derive(Serialize, ToSchema)]
struct UnfilledShift {
    /// The shift.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    shift_id: Uuid,
    /// Where.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    place_id: Option<Uuid>,
    /// Its name.
    #[schema(required, max_length = 300)]
    place_name: Option<String>,
    /// When it begins.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    starts_at: Option<InZone>,
    /// When it ends.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    ends_at: Option<InZone>,
    /// Roles that are missing.
    #[schema(inline, max_items = 20)]
    missing: Vec<UnfilledRole>,
}

/// A role that is missing.
#[derive(Serialize, ToSchema)]
struct UnfilledRole {
    /// Which role.
    #[schema(required, value_type = Option<String>, max_length = 300)]
    role: DutyRole,
    /// How many.
    #[schema(minimum = 0, maximum = 100)]
    count: i64,
}

async fn unfilled(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let now = call.core.clock.now();
    let until = now + TimeDelta::hours(call.query.get(&WITHIN_HOURS).unwrap_or(24));
    let statement = Statement::new("SELECT r.id, r.place_id, r.starts_at, r.ends_at, p.name, n.role, n.count - (SELECT count(*) FROM shift_assignments AS a WHERE a.district_code = r.district_code AND a.shift_id = r.id AND a.role = n.role AND a.state = 'assigned' AND NOT a.voided) AS missing FROM shifts AS r LEFT JOIN places AS p ON p.district_code = r.district_code AND p.id = r.place_id CROSS JOIN LATERAL jsonb_to_recordset(r.needs) AS n(role text, count bigint) WHERE NOT r.voided AND NOT r.cancelled AND r.district_code = ")
        .text(&district_code)
        .sql(" AND r.occurred_at >= ")
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, Value::Instant(until))
        .sql(" AND ");
    let mut statement = narrowed(&call, reached("r", statement, call.actor()?, ROSTER_READERS, true));
    if let Some(place_id) = call.query.get(&PLACE_ID) {
        statement = statement.sql(" AND r.place_id = ").id(place_id);
    }
    // Whoever took a place fills it, of whichever organisation he is.
    let statement = statement.sql(" ORDER BY r.starts_at, r.id, n.role LIMIT 20000").seeing_district(&district_code);
    let items = by_shift(&call, call.core.database.read(&statement).await?);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(UnfilledShifts { items }))
}

/// The roles that are missing, a line a shift.
fn by_shift(call: &Call, rows: Vec<Row>) -> Vec<UnfilledShift> {
    let at = |instant| InZone(instant, call.core.zone);
    let mut items: Vec<UnfilledShift> = Vec::new();
    for mut row in rows {
        let Some((shift_id, need)) = need(&mut row) else { continue };
        match items.last_mut().filter(|item| item.shift_id == shift_id) {
            Some(item) => item.missing.push(need),
            None => items.push(UnfilledShift {
                shift_id,
                place_id: row.get(&PLACE_ID),
                place_name: row.get(&NAME),
                starts_at: row.get(&STARTS_AT).map(at),
                ends_at: row.get(&ENDS_AT).map(at),
                missing: vec![need],
            }),
        }
    }
    items
}

/// Shift of a row and what it lacks; none where nobody is missing.
fn need(row: &mut Row) -> Option<(Uuid, UnfilledRole)> {
    let count = row.get(&MISSING).filter(|missing| *missing > 0)?;
    Some((row.get(&ID)?, UnfilledRole { role: row.get(&ROLE)?, count }))
}
