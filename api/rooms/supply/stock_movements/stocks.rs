//! Stocks as of a day, and how far the season's targets are met.

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::catalogue::Code;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::Value;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{BALANCE, quantity};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::with_statistics;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::records::scope::{reached, readable, within};
use crate::records::{Record, read};
use crate::rooms::supply::commodities::{COMMODITY, SUPPLY_READERS, find, rounded};
use crate::statistics::opens_lists;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words};

static PARAMETERS: [Field; 5] = [
    Field::new("as_of_on", Shape::Day, Text::new("As of", "截至日期"), "At the end of this day; today by default."),
    DISTRICT_CODE,
    AREA_CODE,
    Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "Of this place."),
    Field::new("commodity", Shape::Word(&COMMODITY), Text::new("Commodity", "商品"), "Of this commodity."),
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let example = json!({"as_of_on": "2020-02-02", "as_of_change_no": 42,
        "items": [{"place_id": "0198c0de-0002-7000-8000-000000000003", "commodity": "agri_fertilizer_urea", "quantity": "430", "unit": "t", "movements_url": "/v1/stock-movements?place_id=0198c0de-0002-7000-8000-000000000003&commodity=agri_fertilizer_urea&to_on=2020-02-02"}],
        "targets": [{"id": "0198c0de-0025-7000-8000-000000000001", "name": "春耕化肥储备", "quantity": "430", "unit": "t", "stock": "430", "rate": "1.0000"}]});
    let operation = Operation::new(Method::GET, "/v1/stocks", "list_stocks", stocks)
            .described("supply", "Stocks as of a day", "What is there of each commodity at each place at a day's end, and how far the targets of that day are met. Each figure with the movements behind it.")
            .access(Access::Roles(with_statistics(SUPPLY_READERS)))
            .keys(KeyScope::Statistics)
            .answers_with(200, "The stocks.", Some(reference("Stocks")), Some(example))
            .problems(&[Code::DistrictRequired, Code::NotFound]);
    vec![polled(operation, PARAMETERS.iter())]
}

const COLUMNS: &[Column] =
    &[words("place_id", "场所"), words("commodity", "商品"), numbers("quantity", "数量"), words("unit", "单位")];

/// The schemas of this part of the room.
pub fn schemas() -> Vec<(String, Json)> {
    let text = |about: &str, max: i64| json!({"type": "string", "maxLength": max, "description": about});
    let day = json!({"type": "string", "format": "date", "maxLength": 10, "description": "At the end of this day."});
    let id = json!({"type": "string", "format": "uuid", "maxLength": 36, "description": "Which one."});
    let item = json!({"type": "object", "description": "What is there.", "required": ["place_id", "commodity", "quantity", "unit", "movements_url"], "properties": {
        "place_id": id, "commodity": text("Which commodity.", 40), "quantity": text("How much, an exact decimal.", 30), "unit": text("Of what.", 20), "movements_url": {"type": ["string", "null"], "maxLength": 300, "description": "The movements behind it, for those who may read them."}}});
    let target = json!({"type": "object", "description": "How far a target is met.", "required": ["id", "name", "quantity", "unit", "stock", "rate"], "properties": {
        "id": id, "name": text("Its name.", 100), "quantity": text("What should be there.", 30), "unit": text("Of what.", 20), "stock": text("What is there of its commodities.", 30), "rate": text("`1` is all of it.", 30)}});
    let stocks = json!({"type": "object", "description": "Stocks.", "required": ["as_of_on", "as_of_change_no", "items", "targets"], "properties": {
        "as_of_on": day, "as_of_change_no": {"type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_i64, "description": "Counted as of this change."},
        "items": {"type": "array", "maxItems": 100_000, "description": "By place and commodity.", "items": item},
        "targets": {"type": "array", "maxItems": 1_000, "description": "Targets of that day.", "items": target}}});
    vec![("Stocks".into(), stocks)]
}

async fn stocks(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let as_of_on = {
        let today = day_of(call.core.clock.now(), call.core.zone);
        call.query.day("as_of_on").map_or(today, |day| day.min(today))
    };
    answer(&call, &district_code, COLUMNS, async |now| of_day(&call, now, &district_code, as_of_on).await).await
}

async fn of_day(call: &Call, now: &mut Snapshot, district_code: &str, as_of_on: NaiveDate) -> Result<Json, Problem> {
    let rows = now.read(&balances(call, district_code, as_of_on)?).await?;
    let items: Vec<Json> = rows.into_iter().filter_map(|row| item(call, row, as_of_on)).collect();
    let mut targets = Vec::new();
    for target in targets_of(call, now, district_code, as_of_on).await? {
        targets.push(met(now, district_code, as_of_on, &target).await?);
    }
    Ok(json!({"as_of_on": as_of_on, "items": items, "targets": targets}))
}

fn balances(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let sum = "SELECT r.place_id, r.measure, sum(r.total) AS total FROM record_rollups AS r WHERE r.kind = 'stock_movements' AND r.measure <> 'stock_movements' AND r.district_code = ";
    let statement = Statement::new(sum)
        .text(district_code)
        .sql(" AND r.on_day <= ")
        .bind(ColumnType::Day, Value::Day(as_of_on))
        .sql(" AND ");
    let mut statement = reached("r", statement, call.actor()?, with_statistics(SUPPLY_READERS), true);
    if let Some(area_code) = call.query.text("area_code") {
        statement = within("r", statement.sql(" AND "), area_code);
    }
    if let Some(place_id) = call.query.id("place_id") {
        statement = statement.sql(" AND r.place_id = ").id(place_id);
    }
    if let Some(commodity) = call.query.text("commodity") {
        statement = statement.sql(" AND r.measure = ").text(format!("{BALANCE}{commodity}"));
    }
    Ok(statement.sql(" GROUP BY 1, 2 ORDER BY 1, 2"))
}

fn item(call: &Call, mut row: Row, as_of_on: NaiveDate) -> Option<Json> {
    let (place_id, measure, total) = (row.id("place_id")?, row.text("measure")?, row.whole("total")?);
    let commodity = find(measure.strip_prefix(BALANCE)?)?;
    let code = commodity.word.code;
    let url = opens_lists(call, SUPPLY_READERS)
        .then(|| format!("/v1/stock-movements?place_id={place_id}&commodity={code}&to_on={as_of_on}"));
    Some(
        json!({"place_id": place_id, "commodity": code, "quantity": quantity(total).to_string(), "unit": commodity.quantity_unit, "movements_url": url}),
    )
}

async fn targets_of(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    day: NaiveDate,
) -> Result<Vec<Record>, Problem> {
    let kind = call.core.write_context(call.core.clock.now(), district_code).kind("stock_targets")?;
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
async fn met(now: &mut Snapshot, district_code: &str, day: NaiveDate, target: &Record) -> Result<Json, Problem> {
    let values = &target.values;
    let codes: Vec<Value> =
        values.codes("commodities").into_iter().map(|code| Value::Text(format!("{BALANCE}{code}"))).collect();
    let statement = Statement::new("SELECT coalesce(sum(r.total), 0) AS total FROM record_rollups AS r WHERE r.kind = 'stock_movements' AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.on_day <= ")
        .bind(ColumnType::Day, Value::Day(day))
        .sql(" AND r.measure = ANY(")
        .column(ColumnType::Text, codes)
        .sql(") AND ");
    let statement = within("r", statement, &target.envelope.area_code).seeing_district(district_code);
    let rows = now.read(&statement).await?;
    let stock = quantity(rows.into_iter().find_map(|mut row| row.whole("total")).unwrap_or_default());
    let wanted = values.decimal("quantity_normalized").unwrap_or_default();
    let mut rate = rounded(stock.checked_div(wanted).unwrap_or(Decimal::ONE), 4);
    rate.rescale(4);
    let id: Uuid = target.envelope.id;
    Ok(
        json!({"id": id, "name": values.text("name"), "quantity": wanted.normalize().to_string(), "unit": values.text("normalized_unit"),
        "stock": stock.to_string(), "rate": rate.to_string()}),
    )
}
