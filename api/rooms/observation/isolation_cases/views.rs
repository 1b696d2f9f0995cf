//! Views of a case as a whole: its timeline, and its days as a grid.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::NaiveDate;
use kit::problem::Problem;
use kit::statement::ColumnType;
use kit::time::day_of;
use kit::value::Value;
use serde_json::{Map, Value as Json, json};

use super::stays::tied;
use super::{BELONGING, CARERS, ISOLATION_CASES};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::scope::visible_to;
use crate::records::{Kind, Record, read, view};
use crate::rooms::duties::DUTIES;
use crate::rooms::duties::matching::DAILY;

/// More lines than this no case has.
const MOST: i64 = 5_000;

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let text = |max: i64, about: &str| json!({"type": "string", "maxLength": max, "description": about});
    let list = |items: Json, about: &str| json!({"type": "object", "description": about, "required": ["items"], "properties": {"items": {"type": "array", "maxItems": 5000, "items": items, "description": "The oldest first."}}});
    let entry = json!({"type": "object", "description": "One record of the case.", "required": ["kind", "id", "occurred_at", "record"], "properties": {
        "kind": text(60, "Of which kind."), "id": text(36, "Which record."), "occurred_at": text(40, "When it happened."),
        "record": {"type": "object", "additionalProperties": true, "description": "The record as its own path gives it."}}});
    let duty = json!({"type": ["object", "null"], "additionalProperties": true, "description": "The duty: state, proof, late, reported_late, reason."});
    let counts = |about: &str| json!({"type": "integer", "minimum": 0, "maximum": 100, "description": about});
    let mut day = Map::new();
    day.insert("on_day".into(), text(10, "Which day."));
    day.insert("day_no".into(), counts("The how many-th day of observation."));
    day.insert("readings".into(), text(5, "Readings done of those expected: `1/2`."));
    day.insert("extra_readings".into(), counts("Readings beside."));
    day.insert("errands".into(), counts("Errands asked for."));
    day.insert("violations".into(), counts("Violations."));
    day.insert("gaps".into(), json!({"type": "array", "maxItems": 12, "description": "What is missing, with the reason.", "items": {"type": "object", "additionalProperties": true, "description": "A gap."}}));
    DAILY.iter().for_each(|column| drop(day.insert((*column).into(), duty.clone())));
    let day = json!({"type": "object", "description": "A day of observation.", "required": ["on_day", "day_no", "readings"], "properties": day});
    let example_entry = json!({"items": [{"kind": "spot_checks", "id": "0198c0de-0015-7000-8000-000000000001", "occurred_at": "2020-01-23T16:20:00+08:00", "record": {"present": true, "compliant": true}}]});
    let example_day = json!({"items": [{"on_day": "2020-01-23", "day_no": 1, "readings": "1/2", "extra_readings": 0, "errands": 1, "violations": 0,
        "am_reading": {"state": "done", "late": false}, "gaps": [{"duty_kind": "pm_reading", "state": "missed", "explained": true, "reason": "停电"}]}]});
    let get = |operation: Operation| operation.access(Access::Roles(CARERS)).keys(KeyScope::Read);
    vec![
        get(Operation::new(Method::GET, "/v1/isolation-cases/{id}/timeline", "get_isolation_case_timeline", timeline))
            .described("isolation_cases", "The timeline of a case", "All records of the case that the caller may see, the oldest first.")
            .answers_with(200, "The timeline.", Some(list(entry, "A timeline.")), Some(example_entry)),
        get(Operation::new(Method::GET, "/v1/isolation-cases/{id}/days", "get_isolation_case_days", days))
            .described("isolation_cases", "The days of a case", "Each day of observation up to today: readings, visits, checks, errands, and what is missing with its reason.")
            .answers_with(200, "The days.", Some(list(day, "Days.")), Some(example_day)),
    ]
}

async fn timeline(call: Call) -> Answer {
    let case = case(&call).await?;
    let mut entries = Vec::new();
    for definition in BELONGING {
        let kind = kind(&call, definition.name)?;
        for record in of_case(&call, kind, "case_id", &case).await? {
            entries.push((record.envelope.occurred_at, kind, record));
        }
    }
    entries.sort_by_key(|(at, kind, record)| (*at, kind.name, record.envelope.id));
    let line = |(at, kind, record): &(chrono::DateTime<chrono::Utc>, &'static Kind, Record)| {
        json!({"kind": kind.name, "id": record.envelope.id,
            "occurred_at": kit::time::format_instant(*at, call.core.zone),
            "record": view::record(&call.core, kind, record, call.language)})
    };
    answer(&entries.iter().map(line).collect::<Vec<_>>())
}

/// Records of a case by day, for the grid.
#[derive(Default)]
struct Grid {
    /// Daily duties.
    duties: BTreeMap<NaiveDate, Vec<Record>>,
    /// Readings by slot.
    measured: BTreeMap<(NaiveDate, String), i64>,
    /// Errands and violations.
    others: BTreeMap<(NaiveDate, &'static str), i64>,
}

async fn days(call: Call) -> Answer {
    let case = case(&call).await?;
    let grid = Grid::of(&call, &case).await?;
    let (first, last) =
        (case.values.day("starts_on").unwrap_or_default(), case.values.day("ends_on").unwrap_or_default());
    let last = last.min(day_of(call.core.clock.now(), call.core.zone));
    let days = first.iter_days().take_while(|day| *day <= last);
    answer(&days.map(|day| grid.line(first, day)).collect::<Vec<_>>())
}

impl Grid {
    async fn of(call: &Call, case: &Record) -> Result<Self, Problem> {
        let zone = call.core.zone;
        let mut grid = Self::default();
        for duty in of_case(call, kind(call, "duties")?, "subject_id", case).await? {
            let daily = duty.values.text("duty_kind").is_some_and(|kind| DAILY.contains(&kind));
            if daily {
                grid.duties.entry(day_of(duty.envelope.occurred_at, zone)).or_default().push(duty);
            }
        }
        // Records of what lies ahead are on the timeline, and prove nothing yet.
        let has_come = |record: &Record| record.envelope.awaited.is_none();
        let readings = of_case(call, kind(call, "temperature_readings")?, "case_id", case).await?;
        for reading in readings.into_iter().filter(has_come) {
            let slot = reading.values.text("slot").unwrap_or("extra").to_owned();
            *grid.measured.entry((reading.values.day("slot_on").unwrap_or_default(), slot)).or_default() += 1;
        }
        for name in ["errands", "violations"] {
            for record in of_case(call, kind(call, name)?, "case_id", case).await?.into_iter().filter(has_come) {
                *grid.others.entry((day_of(record.envelope.occurred_at, zone), name)).or_default() += 1;
            }
        }
        Ok(grid)
    }

    fn line(&self, first: NaiveDate, day: NaiveDate) -> Json {
        let count = |slot: &str| self.measured.get(&(day, slot.to_owned())).copied().unwrap_or_default();
        let of_kind = |name: &'static str| self.others.get(&(day, name)).copied().unwrap_or_default();
        let mut line = json!({"on_day": day, "day_no": (day - first).num_days() + 1,
            "readings": format!("{}/2", count("am").min(1) + count("pm").min(1)), "extra_readings": count("extra"),
            "errands": of_kind("errands"), "violations": of_kind("violations")});
        let duties = self.duties.get(&day).map(Vec::as_slice).unwrap_or_default();
        for column in DAILY {
            let duty = duties.iter().find(|duty| duty.values.text("duty_kind") == Some(column));
            kit::json::put(&mut line, column, duty.map_or(Json::Null, told));
        }
        let gaps: Vec<Json> = duties.iter().filter(|duty| is_gap(duty)).map(gap).collect();
        kit::json::put(&mut line, "gaps", gaps);
        line
    }
}

fn told(duty: &Record) -> Json {
    let value = |name: &str| duty.values.get(name).map_or(Json::Null, |value| value.to_json(chrono_tz::UTC));
    let names = ["state", "proof", "late", "reported_late", "explained", "waiver"];
    let mut told: Map<String, Json> = names.into_iter().map(|name| (name.to_owned(), value(name))).collect();
    told.insert("id".into(), duty.envelope.id.to_string().into());
    Json::Object(told)
}

fn is_gap(duty: &Record) -> bool {
    matches!(duty.values.text("state"), Some("missed" | "waived"))
}

fn gap(duty: &Record) -> Json {
    let text = |name: &str| duty.values.text(name).map_or(Json::Null, Json::from);
    json!({"duty_id": duty.envelope.id, "duty_kind": text("duty_kind"), "state": text("state"),
        "explained": duty.values.boolean("explained"), "waiver": text("waiver"), "reason": text("reason")})
}

/// The case of the path.
pub async fn case(call: &Call) -> Result<Record, Problem> {
    read::find(&call.core, call.actor()?, kind(call, ISOLATION_CASES.name)?, call.path_id()?).await
}

fn kind(call: &Call, name: &str) -> Result<&'static Kind, Problem> {
    call.core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))
}

/// The records of a case, and of those of the same person that were merged with it, that the caller may see.
async fn of_case(call: &Call, kind: &'static Kind, column: &str, case: &Record) -> Result<Vec<Record>, Problem> {
    // A duty of a case that was merged with this one is told there.
    let merged = if kind.name == DUTIES.name { Vec::new() } else { tied(&case.values) };
    let ids = [case.envelope.id].into_iter().chain(merged).map(Value::Id).collect();
    let statement = visible_to(call.actor()?, kind, &case.envelope.district_code)
        .sql(format!(" AND NOT r.voided AND r.{column} = ANY("))
        .column(ColumnType::Id, ids)
        .sql(") ORDER BY r.occurred_at LIMIT ")
        .integer(MOST);
    read::load(&call.core, kind, &statement).await
}

fn answer(items: &[Json]) -> Answer {
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({"items": items})))
}
