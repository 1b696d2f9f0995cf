//! A price index of a day against a baseline: the mean of what each median became, by weights that the answer states.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::row::Row;
use kit::text::Text;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use super::{Asked, MEDIAN, OF_MEDIAN, bad_parameter, decimal, text};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::answered::{Characters, Said, Saying};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list;
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::commodities::{COMMODITY, SUPPLY_READERS, rounded};
use crate::rooms::supply::supply_reports::REPORTED_ON;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words};

fields! {
    /// Parameters of the index.
    static PARAMETERS;
    ON: NaiveDate = super::ON.field;
    BASELINE_ON: NaiveDate = super::BASELINE_ON.field.required();
    WEIGHTS: String = Field::new(
        "weights",
        Shape::Text { min: 3, max: 2_000, pattern: Some("[a-z0-9_]+:[0-9]+([.][0-9]+)?(,[a-z0-9_]+:[0-9]+([.][0-9]+)?)*") },
        Text::new("Weights", "权重"),
        "`meat_pork_hind_leg:3,veg_potato:1`: only these, so much each; all commodities with a price on both days alike by default.",
    );
    AREA_CODE: String = list::AREA_CODE;
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

pub fn operation() -> Operation {
    let item = json!({"commodity": "meat_pork_hind_leg", "unit": "CNY/kg", "weight": "1", "median": "64.9", "baseline_median": "56.9", "relative": "114.0598"});
    let example = json!({"on": "2020-01-30", "baseline_on": "2020-01-23", "index": "114.0598", "items": [item], "missing": [], "as_of_change_no": 42});
    let operation = Operation::new(Method::GET, "/v1/stats/price-index", "get_price_index", index)
        .described("supply", "A price index", "The weighted mean of what each commodity's median became since the baseline's day, which is 100. Weights are stated; none is built in.")
        .access(Access::Roles(with_statistics(SUPPLY_READERS)))
        .keys(KeyScope::Statistics)
        .answers::<PriceIndex>(200, "The index.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    polled(operation, PARAMETERS)
}

const COLUMNS: &[Column] = &[
    words("commodity", "商品"),
    words("unit", "单位"),
    numbers("weight", "权重"),
    numbers("median", "中位价"),
    numbers("baseline_median", "基准日中位价"),
    numbers("relative", "相对基准(基准=100)"),
];

/// A price index.
#[derive(Serialize, ToSchema)]
struct PriceIndex {
    /// The day.
    #[schema(value_type = String, max_length = 300)]
    on: NaiveDate,
    /// The day that is 100.
    #[schema(value_type = String, max_length = 300)]
    baseline_on: NaiveDate,
    /// The index; null where no commodity has a price on both days.
    #[schema(required, max_length = 40)]
    index: Option<String>,
    /// Commodities of which it is made.
    #[schema(inline, max_items = 1_000)]
    items: Vec<OfIndex>,
    /// Weighted commodities without a price on one of the days.
    #[schema(inline, value_type = Vec<WeightedCode>, max_items = 1_000)]
    missing: Vec<String>,
    /// Counted as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// Said of a commodity among others.
struct Weighted;
/// The code of a commodity in a list.
type WeightedCode = Saying<Weighted>;

impl Said for Weighted {
    fn schema() -> ObjectBuilder {
        Characters::<300>::schema().description(Some("A commodity."))
    }
}

/// A commodity of the index.
#[derive(Serialize, ToSchema)]
struct OfIndex {
    /// Which commodity.
    #[schema(max_length = 300)]
    commodity: String,
    /// The unit of its prices.
    #[schema(value_type = String, max_length = 300)]
    unit: Option<String>,
    /// Its weight.
    #[schema(max_length = 300)]
    weight: String,
    /// That day's.
    #[schema(required, max_length = 40)]
    median: Option<String>,
    /// The baseline's.
    #[schema(required, max_length = 40)]
    baseline_median: Option<String>,
    /// Median relative to the baseline's, which is 100.
    #[schema(required, max_length = 40)]
    relative: Option<String>,
}

async fn index(call: Call) -> Answer {
    let asked = Asked::of(&call).await?;
    let on = call.query.get(&ON).unwrap_or(asked.today);
    let baseline_on = call.query.get(&BASELINE_ON).ok_or_else(|| bad_parameter(&BASELINE_ON))?;
    let weights = call.query.get(&WEIGHTS).map(|text| weights(text, asked.goods())).transpose()?;
    let district_code = &asked.district_code;
    answer(&call, district_code, COLUMNS, async |now, head| {
        of_day(&call, now, &asked, (on, baseline_on), weights, head).await
    })
    .await
}

type Weights = BTreeMap<String, Decimal>;

async fn of_day(
    call: &Call,
    now: &mut Snapshot,
    asked: &Asked,
    (on, baseline_on): (NaiveDate, NaiveDate),
    weights: Option<Weights>,
    as_of_change_no: i64,
) -> Result<PriceIndex, Problem> {
    let select = format!("l.reported_on, l.commodity, {OF_MEDIAN}");
    let statement =
        asked.lines(call, &select, &[on, baseline_on])?.sql(" AND l.retail_price IS NOT NULL GROUP BY 1, 2");
    let rows = now.read(&statement).await?;
    let medians: BTreeMap<(NaiveDate, String), Decimal> = rows.into_iter().filter_map(median).collect();
    let of = |day: NaiveDate, commodity: &str| medians.get(&(day, commodity.to_owned())).copied();
    let weights = weights.unwrap_or_else(|| {
        let here = medians.keys().filter(|(day, code)| *day == on && of(baseline_on, code).is_some());
        here.map(|(_, code)| (code.clone(), Decimal::ONE)).collect()
    });
    let (mut items, mut missing, mut sum, mut weight_sum) = (Vec::new(), Vec::new(), Decimal::ZERO, Decimal::ZERO);
    for (code, weight) in &weights {
        let (now, before) = (of(on, code), of(baseline_on, code));
        let relative = now.zip(before).and_then(|(now, before)| (now * Decimal::ONE_HUNDRED).checked_div(before));
        let Some(relative) = relative else {
            missing.push(code.clone());
            continue;
        };
        sum += relative * weight;
        weight_sum += weight;
        items.push(OfIndex {
            commodity: code.clone(),
            unit: asked.goods().known(code, on).map(|found| found.normal_price_unit()),
            weight: weight.normalize().to_string(),
            median: text(now),
            baseline_median: text(before),
            relative: text(Some(rounded(relative, 4))),
        });
    }
    let index = sum.checked_div(weight_sum).map(|index| rounded(index, 4));
    Ok(PriceIndex { on, baseline_on, index: text(index), items, missing, as_of_change_no })
}

fn median(mut row: Row) -> Option<((NaiveDate, String), Decimal)> {
    Some(((row.get(&REPORTED_ON)?, row.get(&COMMODITY)?), decimal(&mut row, &MEDIAN)?))
}

/// Weights as they were given, each commodity once.
fn weights(text: &str, goods: &Goods) -> Result<Weights, Problem> {
    let mut weights = BTreeMap::new();
    for part in text.split(',') {
        let parsed = part
            .split_once(':')
            .and_then(|(code, weight)| Some((goods.known(code, NaiveDate::MAX)?, weight.parse::<Decimal>().ok()?)));
        let (commodity, weight) = parsed
            .filter(|(_, weight)| *weight > Decimal::ZERO && *weight <= Decimal::from(1_000_000))
            .ok_or_else(|| bad_parameter(&WEIGHTS))?;
        if weights.insert(commodity.code.clone().into_owned(), weight).is_some() {
            return Err(bad_parameter(&WEIGHTS));
        }
    }
    Ok(weights)
}
