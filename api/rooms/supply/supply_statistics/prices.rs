//! Prices by commodity, area and day: median, lowest, highest, against the day before and a baseline.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::text::Text;
use kit::{columns, fields, words};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{AREA, Asked, MEDIAN, OF_MEDIAN, STORES, below, change, decimal, text};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation, ends_before_it_begins, too_many_days};
use crate::records::list;
use crate::rooms::supply::commodities::SUPPLY_READERS;
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::supply_reports::REPORTED_ON;
use crate::statistics::opens_lists;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words};

words! {
    /// Grouping of lines.
    pub PriceGrouping "price_grouping" "By" "分组" {
        Commodity "commodity" "commodity" "商品";
        Area "area" "commodity and area" "商品与区划";
    }
}
fields! {
    /// Parameters of the prices.
    static PARAMETERS;
    FROM_ON: NaiveDate = Field::new("from_on", Shape::Day, Text::new("From day", "起始日"), "Of this day on; today by default.");
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To day", "截止日"), "Until this day; `from_on` by default.");
    BASELINE_ON: NaiveDate = super::BASELINE_ON.field;
    COMMODITY: String = super::COMMODITY.field;
    AREA_CODE: String = list::AREA_CODE;
    BY: PriceGrouping = Field::new(
        "by",
        Shape::Word(PriceGrouping::VOCABULARY),
        Text::new("By", "分组"),
        "What a line stands for; `commodity` by default. `area` gives the level below `area_code` too.",
    );
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

columns! {
    /// The lowest price.
    LOWEST "lowest": Decimal;
    /// The highest price.
    HIGHEST "highest": Decimal;
}

/// Days of one commodity at most, and of all.
const MOST_DAYS: (i64, i64) = (366, 7);

pub fn operation() -> Operation {
    let line = json!({"on": "2020-01-30", "commodity": "meat_pork_hind_leg", "area_code": null, "unit": "CNY/kg", "stores": 12, "median": "64.9", "min": "60", "max": "68",
        "previous_median": "64", "change_rate": "0.0141", "change_rate_reason": null, "baseline_median": "56.9", "baseline_change_rate": "0.1406", "reports_url": "/v1/supply-reports?reported_on=2020-01-30"});
    let example = json!({"from_on": "2020-01-30", "to_on": "2020-01-30", "baseline_on": "2020-01-23", "items": [line], "as_of_change_no": 42});
    let operation = Operation::new(Method::GET, "/v1/stats/prices", "get_price_statistics", prices)
        .described("supply", "Prices by commodity, area and day", "The median, lowest and highest retail price of the stores, against the day before and a baseline day, with the reports behind them. At most 366 days of one commodity or 7 of all.")
        .access(Access::Roles(with_statistics(SUPPLY_READERS)))
        .keys(KeyScope::Statistics)
        .answers::<PriceStatistics>(200, "The prices.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    polled(operation, PARAMETERS)
}

const COLUMNS: &[Column] = &[
    words("on", "日期"),
    words("commodity", "商品"),
    words("area_code", "区划"),
    words("unit", "单位"),
    numbers("stores", "门店数"),
    numbers("median", "中位价"),
    numbers("min", "最低价"),
    numbers("max", "最高价"),
    numbers("previous_median", "前一日中位价"),
    numbers("change_rate", "较前一日变动"),
    numbers("baseline_median", "基准日中位价"),
    numbers("baseline_change_rate", "较基准日变动"),
];

/// Prices.
#[derive(Serialize, ToSchema)]
struct PriceStatistics {
    /// First day.
    #[schema(value_type = String, max_length = 300)]
    from_on: NaiveDate,
    /// Last day.
    #[schema(value_type = String, max_length = 300)]
    to_on: NaiveDate,
    /// The day compared with.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    baseline_on: Option<NaiveDate>,
    /// By day, commodity and area.
    #[schema(inline, max_items = 100_000)]
    items: Vec<ShownPrice>,
    /// Counted as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// A commodity on a day.
#[derive(Serialize, ToSchema)]
struct ShownPrice {
    /// The day.
    #[schema(value_type = String, max_length = 300)]
    on: NaiveDate,
    /// Which commodity.
    #[schema(max_length = 300)]
    commodity: String,
    /// The area; null for all together.
    #[schema(required, max_length = 40)]
    area_code: Option<String>,
    /// The unit of the prices.
    #[schema(value_type = String, max_length = 300)]
    unit: Option<String>,
    /// How many stores told a price.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    stores: i64,
    /// The median.
    #[schema(required, max_length = 40)]
    median: Option<String>,
    /// The lowest.
    #[schema(required, max_length = 40)]
    min: Option<String>,
    /// The highest.
    #[schema(required, max_length = 40)]
    max: Option<String>,
    /// The median of the day before.
    #[schema(required, max_length = 40)]
    previous_median: Option<String>,
    /// Against the day before: `0.05` is 5 %.
    #[schema(required, max_length = 40)]
    change_rate: Option<String>,
    /// Why there is no rate: `no_previous_day`.
    #[schema(required, max_length = 40)]
    change_rate_reason: Option<&'static str>,
    /// The median of the baseline's day.
    #[schema(required, max_length = 40)]
    baseline_median: Option<String>,
    /// Against that day.
    #[schema(required, max_length = 40)]
    baseline_change_rate: Option<String>,
    /// The reports behind it, for those who may read them.
    #[schema(required, max_length = 300)]
    reports_url: Option<String>,
}

/// Day, commodity, area.
type Key = (NaiveDate, String, Option<String>);

async fn prices(call: Call) -> Answer {
    let asked = Asked::of(&call).await?;
    let days = period(&call, asked.today)?;
    answer(&call, &asked.district_code, COLUMNS, async |now, head| of_days(&call, now, &asked, days, head).await).await
}

async fn of_days(
    call: &Call,
    now: &mut Snapshot,
    asked: &Asked,
    (from_on, to_on): (NaiveDate, NaiveDate),
    as_of_change_no: i64,
) -> Result<PriceStatistics, Problem> {
    let baseline_on = call.query.get(&BASELINE_ON);
    let shown: BTreeSet<NaiveDate> = from_on.iter_days().take_while(|day| *day <= to_on).collect();
    let days: BTreeSet<NaiveDate> = shown.iter().copied().chain(from_on.pred_opt()).chain(baseline_on).collect();
    let by_area = call.query.get(&BY) == Some(PriceGrouping::Area);
    let area = if by_area { format!("left(l.area_code, {})", below(call)) } else { "NULL::text".to_owned() };
    let select = format!(
        "l.reported_on, l.commodity, {area} AS area, count(*) AS stores, min(l.retail_price) AS lowest, max(l.retail_price) AS highest, {OF_MEDIAN}"
    );
    let statement = asked.lines(call, &select, &days.into_iter().collect::<Vec<_>>())?;
    let rows = now.read(&statement.sql(" AND l.retail_price IS NOT NULL GROUP BY 1, 2, 3")).await?;
    let lines: BTreeMap<Key, Line> = rows.into_iter().filter_map(line).collect();
    let own = lines.iter().filter(|((day, ..), _)| shown.contains(day));
    let goods = asked.goods();
    let items = own.map(|(key, line)| told((call, goods), key, line, baseline_on, &lines)).collect();
    Ok(PriceStatistics { from_on, to_on, baseline_on, items, as_of_change_no })
}

fn period(call: &Call, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let from_on = call.query.get(&FROM_ON).unwrap_or(today);
    let to_on = call.query.get(&TO_ON).unwrap_or(from_on);
    if to_on < from_on {
        return Err(ends_before_it_begins("?to_on"));
    }
    let most = if call.query.get(&COMMODITY).is_some() { MOST_DAYS.0 } else { MOST_DAYS.1 };
    if (to_on - from_on).num_days() >= most {
        return Err(too_many_days("?to_on", most));
    }
    Ok((from_on, to_on))
}

struct Line {
    stores: i64,
    median: Option<Decimal>,
    lowest: Option<Decimal>,
    highest: Option<Decimal>,
}

fn line(mut row: Row) -> Option<(Key, Line)> {
    let key = (row.get(&REPORTED_ON)?, row.get(&COMMODITY)?, row.get(&AREA));
    let line = Line {
        stores: row.get(&STORES)?,
        median: decimal(&mut row, &MEDIAN),
        lowest: decimal(&mut row, &LOWEST),
        highest: decimal(&mut row, &HIGHEST),
    };
    Some((key, line))
}

fn told(
    (call, goods): (&Call, &Goods),
    key: &Key,
    line: &Line,
    baseline_on: Option<NaiveDate>,
    lines: &BTreeMap<Key, Line>,
) -> ShownPrice {
    let (day, commodity, area) = key;
    let of = |day: Option<NaiveDate>| lines.get(&(day?, commodity.clone(), area.clone())).and_then(|line| line.median);
    let (previous, baseline) = (of(day.pred_opt()), of(baseline_on));
    let change_rate = change(line.median, previous);
    let change_rate_reason = change_rate.is_none().then_some("no_previous_day");
    let unit = goods.known(commodity, *day).map(|commodity| commodity.normal_price_unit());
    let of_area = area.as_ref().map(|area| format!("&area_code={area}")).unwrap_or_default();
    ShownPrice {
        on: *day,
        commodity: commodity.clone(),
        area_code: area.clone(),
        unit,
        stores: line.stores,
        median: text(line.median),
        min: text(line.lowest),
        max: text(line.highest),
        previous_median: text(previous),
        change_rate,
        change_rate_reason,
        baseline_median: text(baseline),
        baseline_change_rate: change(line.median, baseline),
        reports_url: opens_lists(call, SUPPLY_READERS)
            .then(|| format!("/v1/supply-reports?reported_on={day}{of_area}")),
    }
}
