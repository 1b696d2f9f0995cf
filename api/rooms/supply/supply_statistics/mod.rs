//! Figures of prices and supplies, straight from the lines of the reports that stand: each query reads the lines of
//! its days by index, so it costs the same however many other days there are. Periods are bounded accordingly.

mod index;
mod prices;
mod supply;
mod volume;

use std::sync::Arc;

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::columns;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::typed::{Column, TypedField};
use kit::value::Value;
use rust_decimal::Decimal;

use crate::platform::access::roles::with_statistics;
use crate::platform::http::{Call, Operation, fault};
use crate::records::envelope;
use crate::records::scope::{reached, within};
use crate::rooms::supply::commodities::own::{AllGoods, Goods};
use crate::rooms::supply::commodities::{COMMODITY_WORDS, SUPPLY_READERS, goods_cache, rounded};
use crate::statistics::districts;

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    vec![prices::operation(), index::operation(), supply::operation()]
}

const COMMODITY: TypedField<String> = TypedField::named(
    "COMMODITY",
    Field::new("commodity", Shape::Word(&COMMODITY_WORDS), Text::new("Commodity", "商品"), "Only of this commodity."),
);
const BASELINE_ON: TypedField<NaiveDate> = TypedField::named(
    "BASELINE_ON",
    Field::new("baseline_on", Shape::Day, Text::new("Baseline day", "基准日"), "Compared with this day too."),
);
const ON: TypedField<NaiveDate> =
    TypedField::named("ON", Field::new("on", Shape::Day, Text::new("Day", "日期"), "Of which day; today by default."));

columns! {
    /// The level below the area that is asked for.
    AREA "area": String;
    /// Number of stores that told of it.
    STORES "stores": i64;
    /// Median of the prices, as [`OF_MEDIAN`] makes it.
    MEDIAN "median": Decimal;
}

/// District that a query of lines is about, and the current day there.
struct Asked {
    district_code: String,
    today: NaiveDate,
    all_goods: Arc<AllGoods>,
}

impl Asked {
    async fn of(call: &Call) -> Result<Self, Problem> {
        let district_code = districts::by_itself(call)?;
        // Of the index no single commodity is asked.
        let commodity = call.query.get(&COMMODITY);
        let all_goods = goods_cache::asked(&call.core, &district_code, commodity).await?;
        Ok(Self { district_code, today: day_of(call.core.clock.now(), call.core.zone), all_goods })
    }

    fn goods(&self) -> &Goods {
        self.all_goods.of(&self.district_code)
    }

    /// `SELECT … FROM supply_lines AS l WHERE` of these days, where the caller may see and asks for.
    fn lines(&self, call: &Call, select: &str, days: &[NaiveDate]) -> Result<Statement, Problem> {
        let statement = Statement::new(format!("SELECT {select} FROM supply_lines AS l WHERE l.district_code = "))
            .text(&self.district_code)
            .sql(" AND l.reported_on = ANY(")
            .column(ColumnType::Day, days.iter().copied().map(Value::Day).collect())
            .sql(")");
        let statement = match call.query.get(&COMMODITY) {
            Some(commodity) => statement.sql(" AND l.commodity = ").text(commodity),
            None => statement,
        };
        let statement = reached("l", statement.sql(" AND "), call.actor()?, with_statistics(SUPPLY_READERS), true);
        Ok(match call.query.get(&envelope::AREA_CODE) {
            Some(area_code) => within("l", statement.sql(" AND "), area_code),
            None => statement,
        })
    }
}

/// How long the codes of the level below an area are: townships below a district, villages below those.
fn below(call: &Call) -> usize {
    if call.query.get(&envelope::AREA_CODE).unwrap_or_default().len() < 9 { 9 } else { 12 }
}

/// SQL of the median of prices: the mean of the two in the middle, exact.
const OF_MEDIAN: &str = "round((percentile_disc(0.5) WITHIN GROUP (ORDER BY l.retail_price) + percentile_disc(0.5) WITHIN GROUP (ORDER BY l.retail_price DESC)) / 2, 6) AS median";

fn decimal(row: &mut Row, column: &Column<Decimal>) -> Option<Decimal> {
    row.get(column).map(|decimal| decimal.normalize())
}

fn text(value: Option<Decimal>) -> Option<String> {
    value.map(|value| rounded(value, 6).to_string())
}

/// (now − before) / before to four places.
fn change(now: Option<Decimal>, before: Option<Decimal>) -> Option<String> {
    let rate = now.zip(before).and_then(|(now, before)| (now - before).checked_div(before));
    rate.map(|rate| {
        let mut rate = rounded(rate, 4);
        rate.rescale(4);
        rate.to_string()
    })
}

fn bad_parameter<T>(parameter: &TypedField<T>) -> Problem {
    fault(&format!("?{parameter}"), FaultCode::BAD_PARAMETER)
}
