//! The sheet of a day for a post without a phone: who stands when, with room to sign. In JSON masked; on paper with
//! plain names, noted as a reveal of each.

mod paper;

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use chrono::NaiveDate;
use chrono_tz::Tz;
use kit::columns;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{InZone, day_of, day_start};
use kit::typed::TypedField;
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::access::keys::KeyScope;
use crate::platform::audit::system_write_all;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::platform::privacy::mask;
use crate::records::codes::OUT_OF_AREA;
use crate::records::envelope::ID;
use crate::records::{Record, read};
use crate::rooms::registers::{PEOPLE, PLACES};
use crate::rooms::volunteers::shifts::SHIFTS;
use crate::rooms::volunteers::shifts::assignments::{self, AssignmentAttendance};
use crate::rooms::volunteers::shifts::{CANCELLED, ENDS_AT, NEEDS, Need, STARTS_AT, TITLE};
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::{DutyRole, PERSON_ID};

const ON: TypedField<NaiveDate> =
    TypedField::named("ON", Field::new("on", Shape::Day, Text::new("Day", "日期"), "Of which day; today by default."));

columns! {
    /// Name of a place or of a person.
    NAME "name": String;
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let shift = json!({"shift_id": "0198c0de-0033-7000-8000-000000000001", "title": "早班", "starts_at": "2020-02-03T07:00:00+08:00", "ends_at": "2020-02-03T12:00:00+08:00", "cancelled": false,
        "people": [{"assignment_id": "0198c0de-0034-7000-8000-000000000001", "role": "temperature_taker", "name": "陈*", "attendance": "expected"}], "missing": [{"role": "volunteer", "count": 2}]});
    let example = json!({"place_id": "0198c0de-0002-7000-8000-000000000001", "place_name": "龙溪苑小区北门", "on": "2020-02-03", "shifts": [shift]});
    vec![
        Operation::new(Method::GET, "/v1/places/{id}/day-sheet", "get_day_sheet", sheet)
            .described(
                "shifts",
                "The day sheet of a place",
                "The shifts that begin on a day, who takes them, who is missing.",
            )
            .access(Access::Roles(ROSTER_READERS))
            .keys(KeyScope::Read)
            .parameters(vec![&ON.field])
            .answers::<DaySheet>(200, "The sheet.", Some(example)),
        Operation::new(Method::GET, "/v1/places/{id}/day-sheet.html", "print_day_sheet", print)
            .described(
                "shifts",
                "The day sheet to print",
                "A page for paper with plain names and room to sign: noted as a reveal of each.",
            )
            .access(Access::Roles(ORGANIZERS))
            .parameters(vec![&ON.field])
            .answers_nothing(200, "The page.")
            .as_files(vec!["text/html"])
            .problems(&[OUT_OF_AREA]),
    ]
}

/// The sheet of a day.
#[derive(Serialize, ToSchema)]
struct DaySheet {
    /// The place.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    place_id: Uuid,
    /// Its name.
    #[schema(required, max_length = 200)]
    place_name: Option<String>,
    /// The day.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    on: NaiveDate,
    /// The first first.
    #[schema(inline, max_items = 1_000)]
    shifts: Vec<ShownShift>,
}

/// A shift.
#[derive(Serialize, ToSchema)]
struct ShownShift {
    /// The shift.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    shift_id: Uuid,
    /// Its name.
    #[schema(required, max_length = 200)]
    title: Option<String>,
    /// When it begins.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    starts_at: Option<InZone>,
    /// When it ends.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    ends_at: Option<InZone>,
    /// Whether it doesn't take place.
    #[schema(value_type = bool)]
    cancelled: Option<bool>,
    /// People who take it.
    #[schema(inline, max_items = 1_000)]
    people: Vec<ShownPerson>,
    /// Roles that are missing.
    #[schema(inline, max_items = 1_000)]
    missing: Vec<MissingRole>,
}

/// Somebody on a shift.
#[derive(Serialize, ToSchema)]
struct ShownPerson {
    /// The assignment.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    assignment_id: Uuid,
    /// As what.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    role: DutyRole,
    /// Masked.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    name: String,
    /// Whether he came.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    attendance: AssignmentAttendance,
}

/// A role that is missing.
#[derive(Serialize, ToSchema)]
struct MissingRole {
    /// Which role.
    #[schema(required, value_type = Option<String>, max_length = 200)]
    role: DutyRole,
    /// How many.
    #[schema(minimum = 0, maximum = 100)]
    count: i64,
}

/// Somebody on a shift, with the plain name.
struct Line {
    assignment_id: Uuid,
    role: DutyRole,
    attendance: AssignmentAttendance,
    person_id: Uuid,
    name: String,
}

struct Sheet {
    place: Record,
    on: NaiveDate,
    shifts: Vec<(Record, Vec<Line>)>,
}

async fn load(call: &Call) -> Result<Sheet, Problem> {
    let place = read::find(&call.core, call.actor()?, &PLACES, call.path_id()?).await?;
    let (core, district_code) = (&call.core, place.envelope.district_code.clone());
    let on = call.query.get(&ON).unwrap_or_else(|| day_of(core.clock.now(), core.zone));
    let begins =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, core.zone)).map_or(Value::Null, Value::Instant);
    let shifts = &SHIFTS;
    let statement = Statement::new(format!(
        "SELECT {} FROM shifts AS r WHERE NOT r.voided AND r.district_code = ",
        shifts.select()
    ))
    .text(&district_code)
    .sql(" AND r.place_id = ")
    .id(place.envelope.id)
    .sql(" AND r.starts_at >= ")
    .bind(ColumnType::Instant, begins(Some(on)))
    .sql(" AND r.starts_at < ")
    .bind(ColumnType::Instant, begins(on.succ_opt()))
    .sql(" ORDER BY r.starts_at, r.id LIMIT 200")
    // Callers who may see the place may see its sheet.
    .seeing_district(&district_code);
    let shifts = read::load(core, shifts, &statement).await?;
    let mut lines = people_of(call, &district_code, &shifts).await?;
    let shifts = shifts
        .into_iter()
        .map(|shift| {
            let own = lines.remove(&shift.envelope.id).unwrap_or_default();
            (shift, own)
        })
        .collect();
    Ok(Sheet { place, on, shifts })
}

async fn people_of(call: &Call, district_code: &str, shifts: &[Record]) -> Result<BTreeMap<Uuid, Vec<Line>>, Problem> {
    let statement = Statement::new("SELECT a.id, a.shift_id, a.role, a.attendance, v.person_id FROM shift_assignments AS a JOIN volunteers AS v ON v.district_code = a.district_code AND v.id = a.volunteer_id WHERE a.state = 'assigned' AND NOT a.voided AND a.district_code = ")
        .text(district_code)
        .sql(" AND a.shift_id = ANY(")
        .column(ColumnType::Id, shifts.iter().map(|shift| Value::Id(shift.envelope.id)).collect())
        .sql(") ORDER BY a.role, a.change_no")
        .seeing_district(district_code);
    let mut found = Vec::new();
    for mut row in call.core.database.read(&statement).await? {
        found.extend(line(&mut row));
    }
    let ids: Vec<Uuid> = found.iter().map(|(_, line)| line.person_id).collect();
    let people = read::find_unscoped(&call.core, &PEOPLE, district_code, &ids).await?;
    let mut lines: BTreeMap<Uuid, Vec<Line>> = BTreeMap::new();
    for (shift, mut line) in found {
        line.name =
            people.get(&line.person_id).and_then(|person| person.values.get(&NAME)).unwrap_or_default().to_owned();
        lines.entry(shift).or_default().push(line);
    }
    Ok(lines)
}

/// Shift and line of a row, still without the name.
fn line(row: &mut Row) -> Option<(Uuid, Line)> {
    let (assignment_id, shift_id) = (row.get(&ID)?, row.get(&assignments::SHIFT_ID)?);
    let (role, attendance) = (row.get(&assignments::ROLE)?, row.get(&assignments::ATTENDANCE)?);
    Some((shift_id, Line { assignment_id, role, attendance, person_id: row.get(&PERSON_ID)?, name: String::new() }))
}

/// Roles of which somebody is missing.
fn missing(shift: &Record, lines: &[Line]) -> Vec<Need> {
    let left = shift.values.list(&NEEDS).map(|Need { role, count }| {
        let taken = i64::try_from(lines.iter().filter(|line| line.role == role).count()).unwrap_or(count);
        Need { role, count: count - taken }
    });
    left.filter(|need| need.count > 0).collect()
}

async fn sheet(call: Call) -> Answer {
    let sheet = load(&call).await?;
    let shown = DaySheet {
        place_id: sheet.place.envelope.id,
        place_name: sheet.place.values.get(&NAME).map(str::to_owned),
        on: sheet.on,
        shifts: sheet.shifts.iter().map(|(shift, lines)| shown(shift, lines, call.core.zone)).collect(),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(shown))
}

fn shown(shift: &Record, lines: &[Line], zone: Tz) -> ShownShift {
    let person = |line: &Line| ShownPerson {
        assignment_id: line.assignment_id,
        role: line.role,
        name: mask::mask_name(&line.name),
        attendance: line.attendance,
    };
    let values = &shift.values;
    let at = |field| values.get(field).map(|instant| InZone(instant, zone));
    ShownShift {
        shift_id: shift.envelope.id,
        title: values.get(&TITLE).map(str::to_owned),
        starts_at: at(&STARTS_AT),
        ends_at: at(&ENDS_AT),
        cancelled: values.get(&CANCELLED),
        people: lines.iter().map(person).collect(),
        missing: missing(shift, lines).into_iter().map(|Need { role, count }| MissingRole { role, count }).collect(),
    }
}

async fn print(call: Call) -> Answer {
    let sheet = load(&call).await?;
    let envelope = &sheet.place.envelope;
    if !call.actor()?.reaches(ORGANIZERS, &envelope.area_code, envelope.org_id) {
        return Err(OUT_OF_AREA.into());
    }
    let details =
        json!({"purpose": "epidemic_control", "reason": "day sheet", "place_id": envelope.id, "on": sheet.on});
    let people = sheet.shifts.iter().flat_map(|(_, lines)| lines.iter().map(|line| line.person_id));
    let audit_entries = people.map(|person_id| {
        let mut audit_entry = call.audit_entry("people.reveal", "people", Some(person_id), details.clone());
        audit_entry.area_code = Some(envelope.area_code.clone());
        audit_entry
    });
    system_write_all(&call.core, audit_entries.collect(), async |_| Ok(())).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ))
        .body(paper::page(&sheet, call.core.zone)))
}
