//! Supply of a district on a day: goods bought, sold and held, for how many days they last, and who has not reported.

use actix_web::http::Method;
use chrono::{Days, NaiveDate, TimeDelta};
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{InZone, day_of, day_start};
use kit::value::Value;
use kit::{columns, fields, words};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::volume::{Volume, item};
use super::{Asked, below};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list;
use crate::records::scope::{reached, within};
use crate::rooms::duties::DutyState;
use crate::rooms::duties::wire::{DUE_AT, STATE, SUBJECT_ID};
use crate::rooms::supply::commodities::SUPPLY_READERS;
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, merge};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words};

words! {
    /// Grouping of lines.
    pub SupplyGrouping "supply_grouping" "By" "分组" {
        Commodity "commodity" "commodity" "商品";
        Area "area" "commodity and area" "商品与区划";
        Store "store" "commodity and store" "商品与门店";
    }
}
fields! {
    /// Parameters of the supplies.
    static PARAMETERS;
    ON: NaiveDate = super::ON.field;
    COMMODITY: String = super::COMMODITY.field;
    AREA_CODE: String = WIDE_AREA_CODE;
    BY: SupplyGrouping = Field::new(
        "by",
        Shape::Word(SupplyGrouping::VOCABULARY),
        Text::new("By", "分组"),
        "What a line stands for; `commodity` by default.",
    );
    LOW_STOCK_DAYS: Decimal = Field::new(
        "low_stock_days",
        Shape::Decimal { scale: 1, min: "0.1", max: "365" },
        Text::new("Low stock below", "低库存天数"),
        "Says of each line whether less than so many days of stock are left.",
    );
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

columns! {
    /// Name of a store.
    NAME "name": String;
    /// Number of reports.
    TOTAL "total": i64;
}

/// Days of sales of which the mean is taken, that day included.
const SALES_DAYS: u64 = 7;

pub fn operation() -> Operation {
    let item = json!({"commodity": "meat_pork_hind_leg", "area_code": null, "place_id": null, "unit": "kg", "stores": 12, "purchased": "1200", "sold": "980", "closing_stock": "640", "mean_daily_sold": "870.5", "stock_days": "0.7", "low_stock": true});
    let example = json!({"on": "2020-01-30", "items": [item], "expected": 13, "received": 12, "zero": 0,
        "missing": [{"place_id": "0198c0de-0002-7000-8000-000000000002", "name": "大兴超市", "state": "missed", "due_at": "2020-01-30T18:00:00+08:00"}], "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/supply", "get_supply_statistics", supply)
        .described("supply", "Volumes, days of stock, who has not reported", "What was bought, sold and is held; for how many days that lasts at the mean sales of the last seven days with a report; how many stores were expected and reported, with the names of those missing.")
        .access(Access::Roles(with_statistics(SUPPLY_READERS)))
        .keys(KeyScope::Statistics)
        .answers::<OfDistricts<SupplyStatistics>>(200, "The figures.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    polled(operation, PARAMETERS)
}

const COLUMNS: &[Column] = &[
    words("commodity", "商品"),
    words("area_code", "区划"),
    words("place_id", "门店"),
    words("unit", "单位"),
    numbers("stores", "门店数"),
    numbers("purchased", "购进"),
    numbers("sold", "销售"),
    numbers("closing_stock", "库存"),
    numbers("mean_daily_sold", "日均销售"),
    numbers("stock_days", "可销天数"),
    words("low_stock", "低库存"),
];

/// Supplies.
#[derive(Serialize, ToSchema)]
struct SupplyStatistics {
    /// The day.
    #[schema(value_type = String, max_length = 300)]
    on: NaiveDate,
    /// By commodity.
    #[schema(inline, max_items = 1_000_000)]
    items: Vec<Volume>,
    /// Stores that were to report.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    expected: usize,
    /// Those that did.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    received: i64,
    /// Reports of explicitly nothing, whoever was expected.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    zero: i64,
    /// Those that did not.
    #[schema(inline, max_items = 1_000_000)]
    missing: Vec<Gap>,
}

/// A store that did not report.
#[derive(Serialize, ToSchema)]
struct Gap {
    /// The store.
    #[schema(value_type = String, max_length = 300)]
    place_id: Option<Uuid>,
    /// Its name.
    #[schema(required, max_length = 40)]
    name: Option<String>,
    /// `open` until it is due, then `missed`.
    #[schema(value_type = String, max_length = 300)]
    state: Option<DutyState>,
    /// Until when.
    #[schema(value_type = String, max_length = 300)]
    due_at: Option<InZone>,
}

async fn supply(call: Call) -> Answer {
    let today = day_of(call.core.clock.now(), call.core.zone);
    let on = call.query.get(&ON).unwrap_or(today);
    answer_by_district(&call, COLUMNS, async |now: &mut Snapshot, part: &Part| of_day(part, now, on).await).await
}

impl Summed for SupplyStatistics {
    fn add(&mut self, other: Self) {
        let key = |one: &Volume| (one.commodity.clone(), one.area_code.clone(), one.place_id, one.unit.clone());
        merge(&mut self.items, other.items, key, |line, other| line.add(&other));
        self.expected += other.expected;
        self.received += other.received;
        self.zero += other.zero;
        self.missing.extend(other.missing);
    }

    fn finish(&mut self) {
        let order = |gap: &Gap| (gap.due_at.map(|due_at| due_at.0), gap.name.clone(), gap.place_id);
        self.missing.sort_by_cached_key(order);
    }
}

async fn of_day(part: &Part, now: &mut Snapshot, on: NaiveDate) -> Result<SupplyStatistics, Problem> {
    let (call, asked) = (&part.call, &Asked::of(&part.call).await?);
    let items = volumes(part, now, asked, on).await?;
    let gaps = now.read(&duties(call, asked, on)?).await?;
    let zone = call.core.zone;
    let mut missing = Vec::new();
    let (expected, mut received) = (gaps.len(), 0);
    for mut row in gaps {
        let state = row.get(&STATE);
        if state == Some(DutyState::Done) {
            received += 1;
            continue;
        }
        let due_at = row.get(&DUE_AT).map(|instant| InZone(instant, zone));
        missing.push(Gap { place_id: row.get(&SUBJECT_ID), name: row.get(&NAME), state, due_at });
    }
    let zero = now.read(&zeros(call, asked, on)?).await?;
    let zero = zero.into_iter().find_map(|mut row| row.get(&TOTAL)).unwrap_or_default();
    Ok(SupplyStatistics { on, items, expected, received, zero, missing })
}

async fn volumes(part: &Part, now: &mut Snapshot, asked: &Asked, on: NaiveDate) -> Result<Vec<Volume>, Problem> {
    let call = &part.call;
    let days: Vec<NaiveDate> = (0..SALES_DAYS).filter_map(|back| on.checked_sub_days(Days::new(back))).collect();
    let (area, place) = match call.query.get(&BY) {
        Some(SupplyGrouping::Area) if part.stands_for().is_some() => ("NULL::text".to_owned(), "NULL::uuid"),
        Some(SupplyGrouping::Area) => (format!("left(l.area_code, {})", below(call)), "NULL::uuid"),
        Some(SupplyGrouping::Store) => ("NULL::text".to_owned(), "l.place_id"),
        Some(SupplyGrouping::Commodity) | None => ("NULL::text".to_owned(), "NULL::uuid"),
    };
    let select = format!(
        "l.reported_on, l.commodity, {area} AS area, {place} AS place, count(*) AS stores, sum(l.purchased) AS purchased, sum(l.sold) AS sold, sum(l.closing_stock) AS closing_stock"
    );
    let statement = asked.lines(call, &select, &days)?.sql(" GROUP BY 1, 2, 3, 4");
    let statement = Statement::new("SELECT commodity, area, place, max(stores) FILTER (WHERE is_day) AS stores, max(purchased) FILTER (WHERE is_day) AS purchased, max(sold) FILTER (WHERE is_day) AS sold, max(closing_stock) FILTER (WHERE is_day) AS closing_stock, round(sum(sold) / nullif(count(sold), 0), 6) AS mean_sold FROM (SELECT *, reported_on = ")
        .bind(ColumnType::Day, Value::Day(on))
        .sql(" AS is_day FROM (")
        .then(statement)
        .sql(") AS days) AS days GROUP BY 1, 2, 3 HAVING bool_or(is_day) ORDER BY 1, 2, 3");
    let low = call.query.get(&LOW_STOCK_DAYS);
    let rows = now.read(&statement).await?;
    let mut volumes: Vec<Volume> = rows.into_iter().filter_map(|row| item(asked.goods(), on, row, low)).collect();
    if let Some(area_code) = part.stands_for().filter(|_| call.query.get(&BY) == Some(SupplyGrouping::Area)) {
        volumes.iter_mut().for_each(|volume| volume.area_code = Some(area_code.to_owned()));
    }
    Ok(volumes)
}

/// Reads the stores that were to report that day, and how their duties stand.
fn duties(call: &Call, asked: &Asked, on: NaiveDate) -> Result<Statement, Problem> {
    let begins =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, call.core.zone)).map_or(Value::Null, Value::Instant);
    let statement = Statement::new("SELECT d.subject_id, d.state, d.due_at, p.name FROM duties AS d LEFT JOIN places AS p ON p.district_code = d.district_code AND p.id = d.subject_id WHERE d.duty_kind = 'supply_report' AND d.state <> 'waived' AND NOT d.voided AND d.district_code = ")
        .text(&asked.district_code)
        .sql(" AND d.occurred_at >= ")
        .bind(ColumnType::Instant, begins(Some(on)))
        .sql(" AND d.occurred_at < ")
        .bind(ColumnType::Instant, begins(on.checked_add_signed(TimeDelta::days(1))))
        .sql(" AND ");
    Ok(narrowed("d", call, statement)?
        .sql(" ORDER BY d.due_at, p.name, d.subject_id LIMIT 10000")
        .seeing_district(&asked.district_code))
}

fn zeros(call: &Call, asked: &Asked, on: NaiveDate) -> Result<Statement, Problem> {
    let statement = Statement::new(
        "SELECT count(*) AS total FROM supply_reports AS r WHERE r.is_zero AND NOT r.voided AND r.district_code = ",
    )
    .text(&asked.district_code)
    .sql(" AND r.reported_on = ")
    .bind(ColumnType::Day, Value::Day(on))
    .sql(" AND ");
    narrowed("r", call, statement)
}

fn narrowed(row: &str, call: &Call, statement: Statement) -> Result<Statement, Problem> {
    let statement = reached(row, statement, call.actor()?, with_statistics(SUPPLY_READERS), true);
    Ok(match call.query.get(&AREA_CODE) {
        Some(area_code) => within(row, statement.sql(" AND "), area_code),
        None => statement,
    })
}
