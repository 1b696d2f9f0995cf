//! How often each item was in order, and the venues where most failed.

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::time::day_of;
use kit::{columns, fields};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{VENUES, inspections, venues};
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope::{AREA_CODE as OF_AREA, ID};
use crate::records::list;
use crate::rooms::prevention::inspections::{INSPECTIONS, InspectionItem};
use crate::rooms::registers::PlaceKind;
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, merge};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words};

fields! {
    /// Parameters of the results.
    static PARAMETERS;
    FROM_ON: NaiveDate = Field::new("from_on", Shape::Day, Text::new("From", "开始日期"), "From which day; the same as `to_on` by default.");
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To", "结束日期"), "Until which day; today by default.");
    PLACE_KIND: PlaceKind = super::PLACE_KIND.field;
    AREA_CODE: String = WIDE_AREA_CODE;
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

columns! {
    /// The item.
    CODE "code": InspectionItem;
    /// How often it was in order.
    PASSED "passed": i64;
    /// How often it wasn't.
    FAILED "failed": i64;
    /// How often it didn't apply.
    NOT_APPLICABLE "not_applicable": i64;
    /// Name of a venue.
    NAME "name": String;
    /// How often a venue was inspected.
    TIMES "times": i64;
}

const COLUMNS: &[Column] = &[
    words("item", "检查项目"),
    numbers("passed", "合格"),
    numbers("failed", "不合格"),
    numbers("not_applicable", "不适用"),
    numbers("pass_rate", "合格率"),
];

pub fn operation() -> Operation {
    let item = json!({"item": "disinfection", "passed": 15, "failed": 3, "not_applicable": 0, "pass_rate": "0.8333"});
    let worst = json!({"place_id": "0198c0de-0002-7000-8000-000000000002", "name": "龙溪路惠民超市", "area_code": "511802005001", "inspections": 3, "failed": 4});
    let example = json!({"from_on": "2020-01-21", "to_on": "2020-02-02", "items": [item], "worst": [worst], "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/inspection-results", "get_inspection_results", results)
        .described("prevention", "How often each item was in order", "Of the inspections of a period that the caller sees: each item with how often it was in order, and the twenty venues where most failed.")
        .access(Access::Roles(INSPECTIONS.readers))
        .answers::<OfDistricts<InspectionResults>>(200, "The results.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    polled(operation, PARAMETERS)
}

/// Results of a period.
#[derive(Serialize, ToSchema)]
struct InspectionResults {
    /// From which day.
    #[schema(value_type = String, max_length = 300)]
    from_on: NaiveDate,
    /// Until which day.
    #[schema(value_type = String, max_length = 300)]
    to_on: NaiveDate,
    /// Items that were looked at.
    #[schema(inline, max_items = 100)]
    items: Vec<ItemResults>,
    /// Venues where most failed.
    #[schema(inline, max_items = 20)]
    worst: Vec<WorstVenue>,
}

/// An item over all inspections.
#[derive(Serialize, ToSchema)]
struct ItemResults {
    /// The item.
    #[schema(value_type = String, max_length = 60)]
    item: InspectionItem,
    /// How often it was in order.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    passed: i64,
    /// How often it wasn't.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    failed: i64,
    /// How often it didn't apply.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    not_applicable: i64,
    /// Share in order of those that applied, to four places.
    #[schema(required, max_length = 40)]
    pass_rate: Option<String>,
}

/// A venue where much failed.
#[derive(Serialize, ToSchema)]
struct WorstVenue {
    /// The venue.
    place_id: Uuid,
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
    /// Its area.
    #[schema(max_length = 40)]
    area_code: String,
    /// How often it was inspected.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    inspections: i64,
    /// Items that failed there.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    failed: i64,
}

async fn results(call: Call) -> Answer {
    let to_on = call.query.get(&TO_ON).unwrap_or_else(|| day_of(call.core.clock.now(), call.core.zone));
    let from_on = call.query.get(&FROM_ON).unwrap_or(to_on);
    answer_by_district(&call, COLUMNS, async |now: &mut Snapshot, part: &Part| of(part, now, (from_on, to_on)).await)
        .await
}

/// Venues of which the most that failed is told, at most.
const MOST_VENUES: usize = 20;

impl Summed for InspectionResults {
    fn add(&mut self, other: Self) {
        merge(&mut self.items, other.items, |item| item.item.code(), |line, other| line.add(&other));
        self.worst.extend(other.worst);
    }

    fn finish(&mut self) {
        self.items.sort_by_key(|item| (std::cmp::Reverse(item.failed), item.item.code()));
        self.worst.sort_by(|one, other| one.order().cmp(&other.order()));
        self.worst.truncate(MOST_VENUES);
    }
}

impl ItemResults {
    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.not_applicable += other.not_applicable;
        self.pass_rate = pass_rate(self.passed, self.failed);
    }
}

impl WorstVenue {
    /// Place among others, as of a district they are read.
    fn order(&self) -> (std::cmp::Reverse<i64>, i64, &str, Uuid) {
        (std::cmp::Reverse(self.failed), self.inspections, &self.name, self.place_id)
    }
}

async fn of(
    part: &Part,
    now: &mut Snapshot,
    (from_on, to_on): (NaiveDate, NaiveDate),
) -> Result<InspectionResults, Problem> {
    let (call, district_code) = (&part.call, part.district_code.as_str());
    let joined = |select: &str| {
        let statement = Statement::new(format!(
            "SELECT {select} FROM {VENUES} JOIN inspections AS i ON i.district_code = r.district_code AND i.place_id = r.id CROSS JOIN LATERAL jsonb_array_elements(i.items) AS e(item) WHERE r.district_code = "
        ));
        inspections(venues(statement, call, district_code)?, call, from_on, to_on)
    };
    let counted = |result: &str| format!("count(*) FILTER (WHERE e.item->>'result' = '{result}')");
    let select = format!(
        "e.item->>'code' AS code, {} AS passed, {} AS failed, {} AS not_applicable",
        counted("pass"),
        counted("fail"),
        counted("not_applicable")
    );
    let rows = now.read(&joined(&select)?.sql(" GROUP BY 1 ORDER BY 3 DESC, 1")).await?;
    let items = rows.into_iter().filter_map(item).collect();
    let select = format!("r.id, r.name, r.area_code, count(DISTINCT i.id) AS times, {} AS failed", counted("fail"));
    let worst = joined(&select)?.sql(format!(
        " GROUP BY r.id, r.name, r.area_code HAVING {} > 0 ORDER BY failed DESC, times, r.name, r.id LIMIT {MOST_VENUES}",
        counted("fail")
    ));
    let worst = now.read(&worst).await?.into_iter().filter_map(worst_venue).collect();
    Ok(InspectionResults { from_on, to_on, items, worst })
}

fn item(mut row: Row) -> Option<ItemResults> {
    let (passed, failed) = (row.get(&PASSED)?, row.get(&FAILED)?);
    let (not_applicable, pass_rate) = (row.get(&NOT_APPLICABLE)?, pass_rate(passed, failed));
    Some(ItemResults { item: row.get(&CODE)?, passed, failed, not_applicable, pass_rate })
}

fn pass_rate(passed: i64, failed: i64) -> Option<String> {
    let rate = Decimal::from(passed).checked_div(Decimal::from(passed + failed));
    rate.map(|rate| {
        let mut rate = rate.round_dp(4);
        rate.rescale(4);
        rate.to_string()
    })
}

fn worst_venue(mut row: Row) -> Option<WorstVenue> {
    Some(WorstVenue {
        place_id: row.get(&ID)?,
        name: row.get(&NAME)?,
        area_code: row.get(&OF_AREA)?,
        inspections: row.get(&TIMES)?,
        failed: row.get(&FAILED)?,
    })
}
