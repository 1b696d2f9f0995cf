//! The sentences of the daily bulletin, by unit: everything that a unit's records count up to a day, each figure
//! with the list behind it. A unit stands for itself and all organisations below it.
//!
//! Beside the figures of each kind: `staff`, different people who took a shift; `compounds`, different compounds
//! at which the unit did anything (at their gates, too); `stock`, what it holds, by commodity. An organisation of
//! a record is whose work it was.

mod tell;
mod units;

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::fields;
use kit::json::put;
use kit::problem::Problem;
use kit::text::Text;
use kit::time::day_of;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use self::tell::{IdOfThem, ShownFigure};
use self::units::Unit;
use crate::platform::access::keys::KeyScope;
use crate::platform::access::organization_tree::Tree;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, KEY_OUT_OF_SCOPE, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation, Tells, fault};
use crate::records::codes::UNKNOWN_REFERENCE;
use crate::records::list;
use crate::records::named_figures::Reading;
use crate::rooms::reports::READERS;
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, merge, refuse_of_one};
use crate::statistics::figures::Catalogue;
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words};

fields! {
    /// Parameters of the situation.
    static PARAMETERS;
    ORG_ID: Uuid = Field::new(
        "org_id",
        Shape::Id,
        Text::new("Organisation", "单位"),
        "Only this unit, with all below it; every unit by default.",
    );
    ON: NaiveDate = Field::new("on", Shape::Day, Text::new("Day", "截至日"), "Until the end of this day; today by default.");
    AREA_CODE: String = WIDE_AREA_CODE;
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

/// The operation.
pub fn operation() -> Operation {
    let figure = json!({"kind": "disinfections", "name": "disinfected_area_m2", "label": "消杀面积", "unit": "平方米", "value": null, "amount": "20160.00", "records_url": "/v1/disinfections?under_org_id=0198c0de-0001-7000-8000-000000000001&to_on=2020-02-02&activity=disinfection", "further_records_url": null, "record_ids": null, "sum_of": null});
    let unit = json!({"org_id": "0198c0de-0001-7000-8000-000000000001", "name": "雨城区教育局", "org_ids": ["0198c0de-0001-7000-8000-000000000001"], "figures": [figure]});
    let example = json!({"as_of_on": "2020-02-02", "area_code": null, "units": [unit], "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/situation", "get_situation", situation)
        .described("stats", "The situation by unit", "What each unit did until a day: staff, compounds, person-times, square metres, copies, tonnes; every figure computed from its records and linked to them.")
        .access(Access::Roles(with_statistics(READERS)))
        .keys(KeyScope::Statistics)
        .tells(Tells::SmallNumbers(READERS))
        .answers::<OfDistricts<Situation>>(200, "The figures.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND, KEY_OUT_OF_SCOPE]);
    polled(operation, PARAMETERS)
}

/// The situation by unit.
#[derive(Serialize, ToSchema)]
struct Situation {
    /// Until the end of this day.
    #[schema(required, value_type = Option<String>, max_length = 10)]
    as_of_on: NaiveDate,
    /// Only of this area.
    #[schema(required, max_length = 40)]
    area_code: Option<String>,
    /// The units.
    #[schema(inline, max_items = 1_000_000)]
    units: Vec<ShownUnit>,
}

/// A unit with all organisations below it.
#[derive(Serialize, ToSchema)]
struct ShownUnit {
    /// The unit; null for records without one.
    #[schema(required, value_type = Option<String>, max_length = 36)]
    org_id: Option<Uuid>,
    /// Its name.
    #[schema(required, max_length = 200)]
    name: Option<String>,
    /// The organisations counted.
    #[schema(inline, value_type = Vec<IdOfThem>, max_items = 10_000)]
    org_ids: Vec<Uuid>,
    /// Its figures; those that are 0 are left out.
    #[schema(inline, max_items = 1_000)]
    figures: Vec<ShownFigure>,
}

async fn situation(call: Call) -> Answer {
    refuse_of_one(&call)?;
    answer_by_district(&call, COLUMNS, of_district).await
}

async fn of_district(snapshot: &mut Snapshot, part: &Part) -> Result<Situation, Problem> {
    let (call, district_code) = (&part.call, part.district_code.as_str());
    let today = day_of(call.core.clock.now(), call.core.zone);
    let as_of_on = call.query.get(&ON).map_or(today, |day| day.min(today));
    let catalogue = Catalogue::of(call, district_code, as_of_on).await?;
    let tree = Tree::of_rows(snapshot.read(&Tree::statement(district_code)).await?);
    let units = units::units(call.query.get(&ORG_ID), &tree);
    if call.query.has(&ORG_ID) && units.is_empty() {
        return Err(fault(&format!("?{ORG_ID}"), UNKNOWN_REFERENCE));
    }
    let mut reading = Reading { call, district_code, tree: &tree, snapshot };
    let told = tell::of_units(&mut reading, &catalogue, &units, as_of_on).await?;
    let units = units.iter().zip(told).filter_map(|(unit, figures)| served(call, unit, figures)).collect();
    Ok(Situation { as_of_on, area_code: part.asked_area(), units })
}

impl Summed for Situation {
    fn add(&mut self, other: Self) {
        merge(&mut self.units, other.units, |unit| (unit.org_id.is_none(), unit.org_id), ShownUnit::add);
    }

    fn lines(&self) -> Result<Vec<Json>, Problem> {
        lines(&self.units)
    }
}

impl ShownUnit {
    /// Adds what belongs to no unit of another district.
    fn add(&mut self, other: Self) {
        merge(&mut self.figures, other.figures, ShownFigure::key, ShownFigure::add);
    }
}

const COLUMNS: &[Column] = &[
    words("unit_name", "单位名称"),
    words("kind", "记录种类"),
    words("label", "指标"),
    numbers("number", "数值"),
    words("unit", "计量单位"),
];

/// A line a figure, for a file.
fn lines(units: &[ShownUnit]) -> Result<Vec<Json>, Problem> {
    let line = |unit: &ShownUnit, figure: &ShownFigure| {
        let mut line = serde_json::to_value(figure).map_err(Problem::internal)?;
        let number = figure.value.map(Json::from).or_else(|| figure.amount.clone().map(Json::from));
        put(&mut line, "number", number);
        put(&mut line, "unit_name", unit.name.clone());
        Ok(line)
    };
    units.iter().flat_map(|unit| unit.figures.iter().map(move |figure| line(unit, figure))).collect()
}

/// A unit with its figures; without any it is told only where it was asked for.
fn served(call: &Call, unit: &Unit, figures: Vec<ShownFigure>) -> Option<ShownUnit> {
    let told = !figures.is_empty() || call.query.has(&ORG_ID);
    let org_ids = unit.members.iter().filter(|id| !id.is_nil()).copied().collect();
    told.then(|| ShownUnit { org_id: unit.id, name: unit.name.clone(), org_ids, figures })
}
