//! Which venues were open on a day, which of them were inspected, and which were not, by name.

use actix_web::http::Method;
use chrono::{DateTime, NaiveDate, Utc};
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::{day_of, day_start};
use kit::{columns, fields};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{VENUES, inspections, venues};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope::{AREA_CODE as OF_AREA, ID};
use crate::records::list;
use crate::rooms::prevention::inspections::INSPECTIONS;
use crate::rooms::registers::{PLACES, PlaceKind};
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, words};

fields! {
    /// Parameters of the coverage.
    static PARAMETERS;
    ON: NaiveDate = Field::new("on", Shape::Day, Text::new("Day", "日期"), "Of which day; today by default.");
    INSPECTED: bool = Field::new("inspected", Shape::Boolean, Text::new("Inspected", "是否已检查"), "Only those that were inspected, or only those that weren't; the numbers are of all.");
    PLACE_KIND: PlaceKind = super::PLACE_KIND.field;
    AREA_CODE: String = WIDE_AREA_CODE;
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

columns! {
    /// Name of a venue.
    NAME "name": String;
    /// Its kind.
    KIND "kind": PlaceKind;
    /// Whether it was inspected that day.
    WAS_INSPECTED "was_inspected": bool;
    /// The last inspection until that day.
    LAST_AT "last_at": DateTime<Utc>;
}

const COLUMNS: &[Column] = &[
    words("name", "场所名称"),
    words("place_kind", "类型"),
    words("area_code", "区划"),
    words("inspected", "当日已检查"),
    words("last_inspected_on", "最近检查日期"),
    words("place_id", "场所编号"),
];

/// Statuses in which a venue is there to be inspected.
const OPEN: [Option<&str>; 3] = [Some("open"), Some("takeaway_only"), None];

pub fn operation() -> Operation {
    let item = json!({"place_id": "0198c0de-0002-7000-8000-000000000002", "name": "龙溪路惠民超市", "place_kind": "supermarket", "area_code": "511802005001", "inspected": false, "last_inspected_on": "2020-02-01"});
    let example = json!({"on": "2020-02-02", "active": 18, "inspected": 17, "not_inspected": 1, "items": [item], "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/inspection-coverage", "get_inspection_coverage", coverage)
        .described("prevention", "Venues inspected on a day, and those that weren't", "Venues that were open that day, as far as the caller sees them: how many were inspected; each with its name, those that weren't first, whoever waits longest first.")
        .access(Access::Roles(INSPECTIONS.readers))
        .answers::<OfDistricts<InspectionCoverage>>(200, "The coverage.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    polled(operation, PARAMETERS)
}

/// Coverage of a day.
#[derive(Serialize, ToSchema)]
struct InspectionCoverage {
    /// The day.
    #[schema(value_type = String, max_length = 300)]
    on: NaiveDate,
    /// Venues that were open.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    active: usize,
    /// Those of them that were inspected.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    inspected: usize,
    /// Those that were not.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    not_inspected: usize,
    /// The venues.
    #[schema(inline, max_items = 1_000_000)]
    items: Vec<Venue>,
}

/// A venue that was open.
#[derive(Serialize, ToSchema)]
struct Venue {
    /// The venue.
    place_id: Uuid,
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
    /// Its kind.
    #[schema(value_type = String, max_length = 60)]
    place_kind: PlaceKind,
    /// Its area.
    #[schema(max_length = 40)]
    area_code: String,
    /// Whether it was inspected that day.
    inspected: bool,
    /// When it was inspected last, until that day.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    last_inspected_on: Option<NaiveDate>,
}

async fn coverage(call: Call) -> Answer {
    let on = call.query.get(&ON).unwrap_or_else(|| day_of(call.core.clock.now(), call.core.zone));
    answer_by_district(&call, COLUMNS, async |now: &mut Snapshot, part: &Part| of_day(part, now, on).await).await
}

impl Summed for InspectionCoverage {
    fn add(&mut self, other: Self) {
        self.active += other.active;
        self.inspected += other.inspected;
        self.not_inspected += other.not_inspected;
        self.items.extend(other.items);
    }

    fn finish(&mut self) {
        self.items.sort_by(|one, other| one.order().cmp(&other.order()));
    }
}

impl Venue {
    /// Place among others, as of a district they are read.
    fn order(&self) -> (bool, Option<NaiveDate>, &str, Uuid) {
        (self.inspected, self.last_inspected_on, &self.name, self.place_id)
    }
}

async fn of_day(part: &Part, now: &mut Snapshot, on: NaiveDate) -> Result<InspectionCoverage, Problem> {
    let call = &part.call;
    let rows = now.read(&statement(call, &part.district_code, on)?).await?;
    let mut venues: Vec<Venue> = rows.into_iter().filter_map(|row| venue(row, call)).collect();
    let inspected = venues.iter().filter(|venue| venue.inspected).count();
    let (active, asked) = (venues.len(), call.query.get(&INSPECTED));
    venues.retain(|venue| asked.is_none_or(|asked| asked == venue.inspected));
    let not_inspected = active - inspected;
    Ok(InspectionCoverage { on, active, inspected, not_inspected, items: venues })
}

fn statement(call: &Call, district_code: &str, on: NaiveDate) -> Result<Statement, Problem> {
    let of_venue = |select: &str, statement: Statement, from: NaiveDate| {
        let statement = statement.sql(format!(
            "(SELECT {select} FROM inspections AS i WHERE i.district_code = r.district_code AND i.place_id = r.id"
        ));
        inspections(statement, call, from, on).map(|statement| statement.sql(")"))
    };
    let statement = Statement::new("SELECT r.id, r.name, r.kind, r.area_code, ");
    let statement = of_venue("count(*) > 0", statement, on)?.sql(" AS was_inspected, ");
    let statement = of_venue("max(i.occurred_at)", statement, NaiveDate::default())?;
    let statement =
        venues(statement.sql(format!(" AS last_at FROM {VENUES} WHERE r.district_code = ")), call, district_code)?;
    let ends_at = on.succ_opt().and_then(|next| day_start(next, call.core.zone));
    let statement = match PLACES.rules.stood_on().zip(ends_at) {
        Some((stood, until)) => {
            let or =
                |statement: Statement, status| (stood.condition)(statement.sql(" OR (true"), status, until).sql(")");
            OPEN.into_iter().fold(statement.sql(" AND (false"), or).sql(")")
        }
        None => statement,
    };
    Ok(statement.sql(" ORDER BY was_inspected, last_at NULLS FIRST, r.name, r.id LIMIT 20000"))
}

fn venue(mut row: Row, call: &Call) -> Option<Venue> {
    Some(Venue {
        place_id: row.get(&ID)?,
        name: row.get(&NAME)?,
        place_kind: row.get(&KIND)?,
        area_code: row.get(&OF_AREA)?,
        inspected: row.get(&WAS_INSPECTED)?,
        last_inspected_on: row.get(&LAST_AT).map(|at| day_of(at, call.core.zone)),
    })
}
