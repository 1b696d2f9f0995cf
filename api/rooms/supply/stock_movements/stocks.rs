//! Stocks as of a day, and how far the season's targets are met.

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::Value;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{BALANCE, MEASURE, TOTAL, quantity};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list::{self, one_district};
use crate::records::scope::{reached, readable, within};
use crate::records::{Record, read};
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::commodities::{COMMODITY_WORDS, SUPPLY_READERS, goods_cache, rounded};
use crate::rooms::supply::stock_targets;
use crate::rooms::supply::stock_targets::STOCK_TARGETS;
use crate::statistics::opens_lists;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words};

fields! {
    /// Parameters of the stocks.
    static PARAMETERS;
    ON: NaiveDate = Field::new("on", Shape::Day, Text::new("Day", "截至日期"), "At the end of this day; today by default.");
    DISTRICT_CODE: String = list::DISTRICT_CODE;
    AREA_CODE: String = list::AREA_CODE;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "Of this place.");
    COMMODITY: String = Field::new("commodity", Shape::Word(&COMMODITY_WORDS), Text::new("Commodity", "商品"), "Of this commodity.");
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let example = json!({"as_of_on": "2020-02-02", "as_of_change_no": 42,
        "items": [{"place_id": "0198c0de-0002-7000-8000-000000000003", "commodity": "agri_fertilizer_urea", "quantity": "430", "unit": "t", "movements_url": "/v1/stock-movements?place_id=0198c0de-0002-7000-8000-000000000003&commodity=agri_fertilizer_urea&to_on=2020-02-02"}],
        "targets": [{"id": "0198c0de-0025-7000-8000-000000000001", "name": "春耕化肥储备", "quantity": "430", "unit": "t", "stock": "430", "rate": "1.0000"}]});
    let operation = Operation::new(Method::GET, "/v1/stocks", "list_stocks", stocks)
            .described("supply", "Stocks as of a day", "What is there of each commodity at each place at a day's end, and how far the targets of that day are met. Each figure with the movements behind it.")
            .access(Access::Roles(with_statistics(SUPPLY_READERS)))
            .keys(KeyScope::Statistics)
            .answers::<Stocks>(200, "The stocks.", Some(example))
            .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    vec![polled(operation, PARAMETERS.iter())]
}

const COLUMNS: &[Column] =
    &[words("place_id", "场所"), words("commodity", "商品"), numbers("quantity", "数量"), words("unit", "单位")];

/// Stocks.
#[derive(Serialize, ToSchema)]
struct Stocks {
    /// At the end of this day.
    as_of_on: NaiveDate,
    /// Counted as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
    /// By place and commodity.
    #[schema(inline, max_items = 100_000)]
    items: Vec<Stock>,
    /// Targets of that day.
    #[schema(inline, max_items = 1_000)]
    targets: Vec<Met>,
}

/// Stock of a commodity at a place.
#[derive(Serialize, ToSchema)]
struct Stock {
    /// Which one.
    place_id: Uuid,
    /// Which commodity.
    #[schema(max_length = 40)]
    commodity: String,
    /// How much, an exact decimal.
    #[schema(max_length = 30)]
    quantity: String,
    /// Of what.
    #[schema(max_length = 20)]
    unit: String,
    /// The movements behind it, for those who may read them.
    #[schema(required, max_length = 300)]
    movements_url: Option<String>,
}

/// How far a target is met.
#[derive(Serialize, ToSchema)]
struct Met {
    /// Which one.
    id: Uuid,
    /// Its name.
    #[schema(value_type = String, max_length = 100)]
    name: Option<String>,
    /// Quantity that should be there.
    #[schema(max_length = 30)]
    quantity: String,
    /// Of what.
    #[schema(value_type = String, max_length = 20)]
    unit: Option<String>,
    /// Quantity that is there of its commodities.
    #[schema(max_length = 30)]
    stock: String,
    /// `1` is all of it.
    #[schema(max_length = 30)]
    rate: String,
}

async fn stocks(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let goods = goods_cache::asked(&call.core, &district_code, call.query.get(&COMMODITY)).await?;
    let as_of_on = {
        let today = day_of(call.core.clock.now(), call.core.zone);
        call.query.get(&ON).map_or(today, |day| day.min(today))
    };
    answer(&call, &district_code, COLUMNS, async |now, head| {
        of_day(&call, now, goods.of(&district_code), &district_code, as_of_on, head).await
    })
    .await
}

async fn of_day(
    call: &Call,
    now: &mut Snapshot,
    goods: &Goods,
    district_code: &str,
    as_of_on: NaiveDate,
    as_of_change_no: i64,
) -> Result<Stocks, Problem> {
    let rows = now.read(&balances(call, district_code, as_of_on)?).await?;
    let items = rows.into_iter().filter_map(|row| item(call, goods, row, as_of_on)).collect();
    let mut targets = Vec::new();
    for target in targets_of(call, now, district_code, as_of_on).await? {
        targets.push(met(now, district_code, as_of_on, &target).await?);
    }
    Ok(Stocks { as_of_on, as_of_change_no, items, targets })
}

fn balances(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let sum = "SELECT r.place_id, r.measure, sum(r.total) AS total FROM record_rollups AS r WHERE r.kind = 'stock_movements' AND r.measure <> 'stock_movements' AND r.district_code = ";
    let statement = Statement::new(sum)
        .text(district_code)
        .sql(" AND r.on_day <= ")
        .bind(ColumnType::Day, Value::Day(as_of_on))
        .sql(" AND ");
    let mut statement = reached("r", statement, call.actor()?, with_statistics(SUPPLY_READERS), true);
    if let Some(area_code) = call.query.get(&AREA_CODE) {
        statement = within("r", statement.sql(" AND "), area_code);
    }
    if let Some(place_id) = call.query.get(&PLACE_ID) {
        statement = statement.sql(" AND r.place_id = ").id(place_id);
    }
    if let Some(commodity) = call.query.get(&COMMODITY) {
        statement = statement.sql(" AND r.measure = ").text(format!("{BALANCE}{commodity}"));
    }
    Ok(statement.sql(" GROUP BY 1, 2 ORDER BY 1, 2"))
}

fn item(call: &Call, goods: &Goods, mut row: Row, as_of_on: NaiveDate) -> Option<Stock> {
    let (place_id, measure, total) = (row.get(&PLACE_ID)?, row.get(&MEASURE)?, row.get(&TOTAL)?);
    let code = measure.strip_prefix(BALANCE)?.to_owned();
    let unit = goods.known(&code, as_of_on).map(|known| known.quantity_unit.clone().into_owned()).unwrap_or_default();
    let url = opens_lists(call, SUPPLY_READERS)
        .then(|| format!("/v1/stock-movements?place_id={place_id}&commodity={code}&to_on={as_of_on}"));
    Some(Stock { place_id, commodity: code, quantity: quantity(total).to_string(), unit, movements_url: url })
}

async fn targets_of(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    day: NaiveDate,
) -> Result<Vec<Record>, Problem> {
    let kind = &STOCK_TARGETS;
    let statement = Statement::new(format!(
        "SELECT {} FROM stock_targets AS r WHERE NOT r.voided AND r.district_code = ",
        kind.select()
    ))
    .text(district_code)
    .sql(" AND r.starts_on <= ")
    .bind(ColumnType::Day, Value::Day(day))
    .sql(" AND (r.ends_on IS NULL OR r.ends_on >= ")
    .bind(ColumnType::Day, Value::Day(day))
    .sql(") AND ");
    let statement = readable("r", statement, call.actor()?, kind).sql(" ORDER BY r.occurred_at, r.id LIMIT 1000");
    read::of_rows(&call.core, kind, now.read(&statement).await?)
}

/// A target counts what is in its area, whoever asks.
async fn met(now: &mut Snapshot, district_code: &str, day: NaiveDate, target: &Record) -> Result<Met, Problem> {
    let values = &target.values;
    let codes: Vec<Value> =
        values.list(&stock_targets::COMMODITIES).map(|code| Value::Text(format!("{BALANCE}{code}"))).collect();
    let statement = Statement::new("SELECT coalesce(sum(r.total), 0) AS total FROM record_rollups AS r WHERE r.kind = 'stock_movements' AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.on_day <= ")
        .bind(ColumnType::Day, Value::Day(day))
        .sql(" AND r.measure = ANY(")
        .column(ColumnType::Text, codes)
        .sql(") AND ");
    let statement = within("r", statement, &target.envelope.area_code).seeing_district(district_code);
    let rows = now.read(&statement).await?;
    let stock = quantity(rows.into_iter().find_map(|mut row| row.get(&TOTAL)).unwrap_or_default());
    let wanted = values.get(&stock_targets::QUANTITY_NORMALIZED).unwrap_or_default();
    let mut rate = rounded(stock.checked_div(wanted).unwrap_or(Decimal::ONE), 4);
    rate.rescale(4);
    Ok(Met {
        id: target.envelope.id,
        name: values.get(&stock_targets::NAME).map(str::to_owned),
        quantity: wanted.normalize().to_string(),
        unit: values.get(&stock_targets::NORMALIZED_UNIT).map(str::to_owned),
        stock: stock.to_string(),
        rate: rate.to_string(),
    })
}
