//! The sentences of the daily bulletin, by unit: everything that a unit's records count up to a day, each figure
//! with the list behind it. A unit stands for itself and all organisations below it.
//!
//! Beside the figures of each kind: `staff`, different people who took a shift; `compounds`, different compounds
//! at which the unit did anything (at their gates, too); `stock`, what it holds, by commodity. An organisation of
//! a record is whose work it was.

mod read;
mod tell;
mod units;

use actix_web::http::Method;
use kit::catalogue::{Code, FaultCode};
use kit::field::{Field, Shape};
use kit::json::put;
use kit::text::Text;
use kit::time::day_of;
use serde_json::{Value as Json, json};

use self::tell::Teller;
use self::units::Unit;
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::access::organization_tree::Tree;
use crate::platform::access::roles::with_statistics;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation, Tells, fault};
use crate::records::list::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::statistics::document::{change_no, text};
use crate::statistics::polled::{polled, respond};
use crate::statistics::sheet::{Column, numbers, words};
use crate::statistics::tag::Tag;

/// Roles that see the work of units.
const READERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::CdcOfficer];
static ORG: Field = Field::new(
    "org_id",
    Shape::Id,
    Text::new("Organisation", "单位"),
    "Only this unit, with all below it; every unit by default.",
);
static AS_OF_ON: Field =
    Field::new("as_of_on", Shape::Day, Text::new("As of", "截至日"), "Until the end of this day; today by default.");

/// The operation.
pub fn operation() -> Operation {
    let figure = json!({"kind": "disinfections", "name": "disinfected_area_m2", "label": "消杀面积", "unit": "平方米", "value": null, "amount": "20160.00", "records_url": "/v1/disinfections?under_org_id=0198c0de-0001-7000-8000-000000000001&to_on=2020-02-02&activity=disinfection", "further_records_url": null, "record_ids": null, "sum_of": null});
    let unit = json!({"org_id": "0198c0de-0001-7000-8000-000000000001", "name": "雨城区教育局", "org_ids": ["0198c0de-0001-7000-8000-000000000001"], "figures": [figure]});
    let example = json!({"as_of_on": "2020-02-02", "area_code": null, "units": [unit], "as_of_change_no": 42});
    let operation = Operation::new(Method::GET, "/v1/stats/situation", "get_situation", situation)
        .described("stats", "The situation by unit", "What each unit did until a day: staff, compounds, person-times, square metres, copies, tonnes; every figure computed from its records and linked to them.")
        .access(Access::Roles(with_statistics(READERS)))
        .keys(KeyScope::Statistics)
        .tells(Tells::SmallNumbers(READERS))
        .answers_with(200, "The figures.", Some(reference("Situation")), Some(example))
        .problems(&[Code::DistrictRequired, Code::NotFound, Code::KeyOutOfScope]);
    polled(operation, [&ORG, &AS_OF_ON, &AREA_CODE, &DISTRICT_CODE])
}

/// The schema.
pub fn schemas() -> Vec<(String, Json)> {
    let figure = json!({"type": "object", "description": "A figure of a unit.", "required": ["kind", "name", "label", "unit", "value", "amount", "records_url", "further_records_url", "record_ids", "sum_of"], "properties": {
        "kind": text("The kind of the records behind it.", 60), "name": text("The figure.", 100), "label": text("What people call it.", 100), "unit": text("What is counted.", 40),
        "value": {"type": ["integer", "null"], "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64, "description": "How many."}, "amount": text("How much, as a decimal, of what isn't counted in whole numbers.", 40),
        "records_url": text("The list of the records behind it, of the unit and all below it, for those who may read them.", 500),
        "further_records_url": text("A second list, where records of two kinds stand behind it: of `staff` the hours served. Each person in the two counts once.", 500),
        "record_ids": {"type": ["array", "null"], "maxItems": 10_000, "description": "What is counted, where no list has exactly that: of `compounds` the places.", "items": {"type": "string", "format": "uuid", "maxLength": 36, "description": "One of them."}},
        "sum_of": {"type": ["array", "null"], "maxItems": 100, "description": "The figures that it is the sum of: of fertilisers each one.", "items": {"type": "string", "maxLength": 100, "description": "A figure's name."}}}});
    let unit = json!({"type": "object", "description": "A unit with all organisations below it.", "required": ["org_id", "name", "org_ids", "figures"], "properties": {
        "org_id": text("The unit; null for records without one.", 36), "name": text("Its name.", 200),
        "org_ids": {"type": "array", "maxItems": 10_000, "description": "The organisations counted.", "items": {"type": "string", "format": "uuid", "maxLength": 36, "description": "One of them."}},
        "figures": {"type": "array", "maxItems": 1_000, "description": "Its figures; those that are 0 are left out.", "items": figure}}});
    let situation = json!({"type": "object", "description": "The situation by unit.", "required": ["as_of_on", "area_code", "units", "as_of_change_no"], "properties": {
        "as_of_on": text("Until the end of this day.", 10), "area_code": text("Only of this area.", 40), "units": {"type": "array", "maxItems": 10_000, "description": "The units.", "items": unit}, "as_of_change_no": change_no()}});
    vec![("Situation".into(), situation)]
}

async fn situation(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let today = day_of(call.core.clock.now(), call.core.zone);
    let tag = Tag::of(&call, &district_code, today)?;
    if let Some(unchanged) = tag.unchanged(&call) {
        return Ok(unchanged);
    }
    let as_of_on = call.query.day("as_of_on").map_or(today, |day| day.min(today));
    // One moment for all: no figure holds more than the change it is said to be as of.
    let mut snapshot = call.core.database.snapshot().await?;
    let head = crate::statistics::head_in(&mut snapshot, &district_code).await?;
    let units = units::units(call.query.id("org_id"), snapshot.read(&Tree::statement(&district_code)).await?);
    let found = read::read(&call, &mut snapshot, &district_code, as_of_on).await?;
    snapshot.end().await?;
    if call.query.has("org_id") && units.is_empty() {
        return Err(fault("?org_id", FaultCode::UnknownReference));
    }
    let units: Vec<Json> = units.iter().filter_map(|unit| served(&call, unit, &found, as_of_on)).collect();
    let lines = lines(&units);
    let body = json!({"as_of_on": as_of_on, "area_code": call.query.text("area_code"), "units": units});
    respond(&call, &tag, head, body, &lines, COLUMNS)
}

const COLUMNS: &[Column] = &[
    words("unit_name", "单位名称"),
    words("kind", "记录种类"),
    words("label", "指标"),
    numbers("number", "数值"),
    words("unit", "计量单位"),
];

/// A line a figure, for a file.
fn lines(units: &[Json]) -> Vec<Json> {
    let figures = |unit: &Json| unit.get("figures").and_then(Json::as_array).cloned().unwrap_or_default();
    let line = |unit: &Json, mut figure: Json| {
        let number = figure.get("value").filter(|value| !value.is_null()).or_else(|| figure.get("amount")).cloned();
        put(&mut figure, "number", number);
        put(&mut figure, "unit_name", unit.get("name").cloned());
        figure
    };
    units.iter().flat_map(|unit| figures(unit).into_iter().map(|figure| line(unit, figure))).collect()
}

/// A unit with its figures; without any it is told only where it was asked for.
fn served(call: &Call, unit: &Unit, found: &read::Found, as_of_on: chrono::NaiveDate) -> Option<Json> {
    let figures = Teller { call, found, unit, as_of_on }.figures();
    let told = !figures.is_empty() || call.query.has("org_id");
    told.then(|| json!({"org_id": unit.id, "name": unit.name, "org_ids": unit.members.iter().filter(|id| !id.is_nil()).collect::<Vec<_>>(), "figures": figures}))
}
