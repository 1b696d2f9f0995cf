//! Shifts that lack people.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::TimeDelta;
use kit::catalogue::Code;
use kit::field::{Field, Shape};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;
use serde_json::{Value as Json, json};

use super::figures::narrowed;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::records::scope::reached;
use crate::rooms::volunteers::teams::ROSTER_READERS;

static PLACE: Field = Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "At this place.");
static WITHIN: Field = Field::new(
    "within_hours",
    Shape::Integer { min: 1, max: 1_440 },
    Text::new("Within hours", "小时内"),
    "Beginning within so many hours from now; 24 by default.",
);

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
        .parameters(vec![&WITHIN, &PLACE, &AREA_CODE, &DISTRICT_CODE])
        .answers_with(200, "The shifts.", Some(reference("UnfilledShifts")), Some(json!({"items": [shift]})))
        .problems(&[Code::DistrictRequired, Code::NotFound])
}

/// Its schema.
pub fn schema() -> (String, Json) {
    let text = |about: &str| json!({"type": ["string", "null"], "maxLength": 300, "description": about});
    let count = |about: &str| json!({"type": "integer", "minimum": 0, "maximum": 100, "description": about});
    let need = json!({"type": "object", "description": "A role that is missing.", "required": ["role", "count"], "properties": {"role": text("Which role."), "count": count("How many.")}});
    let shift = json!({"type": "object", "description": "A shift that lacks people.", "required": ["shift_id", "place_id", "place_name", "starts_at", "ends_at", "missing"], "properties": {
        "shift_id": text("The shift."), "place_id": text("Where."), "place_name": text("Its name."), "starts_at": text("When it begins."), "ends_at": text("When it ends."), "missing": {"type": "array", "maxItems": 20, "description": "What is missing.", "items": need}}});
    let unfilled = json!({"type": "object", "description": "Shifts that lack people.", "required": ["items"], "properties": {"items": {"type": "array", "maxItems": 10_000, "description": "The next first.", "items": shift}}});
    ("UnfilledShifts".into(), unfilled)
}

async fn unfilled(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let now = call.core.clock.now();
    let until = now + TimeDelta::hours(call.query.integer("within_hours").unwrap_or(24));
    let statement = Statement::new("SELECT r.id, r.place_id, r.starts_at, r.ends_at, p.name, n.role, n.count - (SELECT count(*) FROM shift_assignments AS a WHERE a.district_code = r.district_code AND a.shift_id = r.id AND a.role = n.role AND a.state = 'assigned' AND NOT a.voided) AS missing FROM shifts AS r LEFT JOIN places AS p ON p.district_code = r.district_code AND p.id = r.place_id CROSS JOIN LATERAL jsonb_to_recordset(r.needs) AS n(role text, count bigint) WHERE NOT r.voided AND NOT r.cancelled AND r.district_code = ")
        .text(&district_code)
        .sql(" AND r.occurred_at >= ")
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, Value::Instant(until))
        .sql(" AND ");
    let mut statement = narrowed(&call, reached("r", statement, call.actor()?, ROSTER_READERS, true));
    if let Some(place_id) = call.query.id("place_id") {
        statement = statement.sql(" AND r.place_id = ").id(place_id);
    }
    // Whoever took a place fills it, of whichever organisation he is.
    let statement = statement.sql(" ORDER BY r.starts_at, r.id, n.role LIMIT 20000").seeing_district(&district_code);
    let items = by_shift(&call, call.core.database.read(&statement).await?);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({"items": items})))
}

/// The roles that are missing, a line a shift.
fn by_shift(call: &Call, rows: Vec<Row>) -> Vec<Json> {
    let mut items: Vec<Json> = Vec::new();
    for mut row in rows {
        let Some(missing) = row.integer("missing").filter(|missing| *missing > 0) else { continue };
        let (id, need) = (json!(row.id("id")), json!({"role": row.text("role"), "count": missing}));
        match items.last_mut().filter(|item| item.get("shift_id") == Some(&id)) {
            Some(item) => item.get_mut("missing").and_then(Json::as_array_mut).into_iter().for_each(|list| list.push(need.clone())),
            None => items.push(json!({"shift_id": id, "place_id": row.id("place_id"), "place_name": row.text("name"),
                "starts_at": row.take("starts_at").to_json(call.core.zone), "ends_at": row.take("ends_at").to_json(call.core.zone), "missing": [need]})),
        }
    }
    items
}
