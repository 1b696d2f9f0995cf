//! A stock card (库存卡): what was there, what came and went with the balance behind each, what is left.

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::columns;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{day_of, day_start, format_instant};
use kit::value::Value;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    COUNTERPART, DIRECTION, NORMALIZED_UNIT, QUANTITY_NORMALIZED, REASON, SOURCE_ID, SOURCE_KIND, STOCK_MOVEMENTS,
    StockDirection,
};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::awaited::has_come;
use crate::records::codes::TOO_MANY_ROWS;
use crate::records::list::{self, one_district};
use crate::records::scope::readable;
use crate::records::{Record, read};
use crate::rooms::supply::commodities::{COMMODITY_WORDS, SUPPLY_READERS, goods_cache};
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words};

/// Movements of one card at most: what somebody may still read.
const MOST: usize = 5_000;

fields! {
    /// Parameters of a card.
    static PARAMETERS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Id, Text::new("Place", "场所"), "Whose card.").required();
    COMMODITY: String = Field::new("commodity", Shape::Word(&COMMODITY_WORDS), Text::new("Commodity", "商品"), "Of which commodity.").required();
    FROM_ON: NaiveDate = Field::new("from_on", Shape::Day, Text::new("From", "起始日期"), "From this day on; from the first movement by default.");
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To", "截止日期"), "Until the end of this day; today by default.");
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

columns! {
    /// Balance before the first day.
    OPENING "opening": Decimal;
}

const COLUMNS: &[Column] = &[
    words("on", "日期"),
    words("entry", "摘要"),
    words("reason", "事由"),
    words("counterpart", "往来单位"),
    numbers("received", "收入"),
    numbers("issued", "发出"),
    numbers("balance", "结存"),
    words("unit", "单位"),
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let line = json!({"entry": "movement", "on": "2020-01-30", "movement_id": "0198c0de-0024-7000-8000-000000000001", "occurred_at": "2020-01-30T09:00:00+08:00", "reason": "distribution", "counterpart": null,
        "source_kind": "material_issues", "source_id": "0198c0de-0052-7000-8000-000000000001", "received": null, "issued": "30", "balance": "70", "unit": "item"});
    let example = json!({"place_id": "0198c0de-0002-7000-8000-000000000003", "commodity": "agri_pesticide", "unit": "item", "from_on": "2020-01-21", "to_on": "2020-02-02", "opening": "100", "received": "0", "issued": "30", "closing": "70", "items": [line], "as_of_change_no": 42});
    let operation = Operation::new(Method::GET, "/v1/stock-cards", "get_stock_card", card)
        .described("supply", "A stock card", "One commodity at one place: what was there before, each movement with the balance behind it, what is there at the end. As CSV the card as it is kept on paper, the opening and closing balance as rows of their own. Counts the movements that the caller may read.")
        .access(Access::Roles(SUPPLY_READERS))
        .keys(KeyScope::Read)
        .answers::<StockCard>(200, "The card.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND, TOO_MANY_ROWS]);
    vec![polled(operation, PARAMETERS.iter())]
}

/// A stock card.
#[derive(Serialize, ToSchema)]
struct StockCard {
    /// Whose.
    place_id: Uuid,
    /// Of what.
    #[schema(max_length = 40)]
    commodity: String,
    /// The unit of all quantities.
    #[schema(max_length = 20)]
    unit: String,
    /// The first day, where one was asked for.
    #[schema(required)]
    from_on: Option<NaiveDate>,
    /// The last day.
    to_on: NaiveDate,
    /// Balance before the first day.
    #[schema(max_length = 30)]
    opening: String,
    /// Quantity that came in all.
    #[schema(max_length = 30)]
    received: String,
    /// Quantity that went in all.
    #[schema(max_length = 30)]
    issued: String,
    /// Balance at the end of the last day.
    #[schema(max_length = 30)]
    closing: String,
    /// The opening balance, each movement in order of time, the closing balance.
    #[schema(inline, max_items = 5_002)]
    items: Vec<StockCardLine>,
    /// As of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// A line of a card.
#[derive(Serialize, ToSchema)]
struct StockCardLine {
    /// `opening`, `movement` or `closing`.
    #[schema(value_type = String, max_length = 10)]
    entry: &'static str,
    /// The day.
    #[schema(required)]
    on: Option<NaiveDate>,
    /// The movement.
    #[schema(required)]
    movement_id: Option<Uuid>,
    /// When it was.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    occurred_at: Option<String>,
    /// Why.
    #[schema(required, max_length = 20)]
    reason: Option<String>,
    /// From or to whom.
    #[schema(required, max_length = 100)]
    counterpart: Option<String>,
    /// Kind of the record that made it, where one did.
    #[schema(required, max_length = 20)]
    source_kind: Option<String>,
    /// That record.
    #[schema(required)]
    source_id: Option<Uuid>,
    /// How much came.
    #[schema(required, max_length = 30)]
    received: Option<String>,
    /// How much went.
    #[schema(required, max_length = 30)]
    issued: Option<String>,
    /// How much was there then.
    #[schema(max_length = 30)]
    balance: String,
    /// Of what.
    #[schema(max_length = 20)]
    unit: String,
}

/// The card that is asked for.
struct Asked {
    district_code: String,
    place_id: Uuid,
    commodity: String,
    from_on: Option<NaiveDate>,
    to_on: NaiveDate,
}

async fn card(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    let query = &call.query;
    let goods = goods_cache::asked(&call.core, &district_code, query.get(&COMMODITY)).await?;
    let today = day_of(call.core.clock.now(), call.core.zone);
    let (Some(place_id), Some(commodity)) = (query.get(&PLACE_ID), query.get(&COMMODITY)) else {
        return Err(fault("?place_id", FaultCode::REQUIRED));
    };
    let (from_on, to_on) = (query.get(&FROM_ON), query.get(&TO_ON).unwrap_or(today));
    let asked =
        Asked { district_code: district_code.clone(), place_id, commodity: commodity.to_owned(), from_on, to_on };
    let known = goods.of(&district_code).known(&asked.commodity, to_on);
    let unit = known.map(|commodity| commodity.quantity_unit.clone().into_owned()).unwrap_or_default();
    answer(&call, &district_code, COLUMNS, async |now, head| {
        let opening = opening(&call, now, &asked).await?;
        let movements = movements(&call, now, &asked).await?;
        Ok(drawn(&call, asked, unit, opening, &movements, head))
    })
    .await
}

/// ` FROM` the movements that the caller may read, of the place and the commodity; a condition on time follows.
fn of_card(call: &Call, statement: Statement, asked: &Asked) -> Result<Statement, Problem> {
    let statement = statement
        .sql(format!(" FROM stock_movements AS r WHERE NOT r.voided AND {} AND r.district_code = ", has_come("r.")))
        .text(&asked.district_code)
        .sql(" AND r.place_id = ")
        .id(asked.place_id)
        .sql(" AND r.commodity = ")
        .text(&asked.commodity)
        .sql(" AND ");
    Ok(readable("r", statement, call.actor()?, &STOCK_MOVEMENTS))
}

fn begins(call: &Call, day: NaiveDate) -> Value {
    day_start(day, call.core.zone).map_or(Value::Null, Value::Instant)
}

async fn opening(call: &Call, now: &mut Snapshot, asked: &Asked) -> Result<Decimal, Problem> {
    let Some(from_on) = asked.from_on else { return Ok(Decimal::ZERO) };
    let sum = "SELECT coalesce(sum(CASE r.direction WHEN 'in' THEN r.quantity_normalized ELSE -r.quantity_normalized END), 0) AS opening";
    let statement = of_card(call, Statement::new(sum), asked)?
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, begins(call, from_on));
    Ok(now.read(&statement).await?.into_iter().find_map(|mut row| row.get(&OPENING)).unwrap_or_default())
}

async fn movements(call: &Call, now: &mut Snapshot, asked: &Asked) -> Result<Vec<Record>, Problem> {
    let kind = &STOCK_MOVEMENTS;
    let mut statement = of_card(call, Statement::new(format!("SELECT {}", kind.select())), asked)?;
    if let Some(from_on) = asked.from_on {
        statement = statement.sql(" AND r.occurred_at >= ").bind(ColumnType::Instant, begins(call, from_on));
    }
    if let Some(next) = asked.to_on.succ_opt() {
        statement = statement.sql(" AND r.occurred_at < ").bind(ColumnType::Instant, begins(call, next));
    }
    // Receipts go before issues of the same moment, as in the balance of a day.
    let rows =
        now.read(&statement.sql(format!(" ORDER BY r.occurred_at, r.direction, r.id LIMIT {}", MOST + 1))).await?;
    if rows.len() > MOST {
        return Err(TOO_MANY_ROWS.into());
    }
    read::of_rows(&call.core, kind, rows)
}

fn drawn(call: &Call, asked: Asked, unit: String, opening: Decimal, movements: &[Record], head: i64) -> StockCard {
    // A card is kept in the unit that its movements are.
    let kept_in = movements.first().and_then(|record| record.values.get(&NORMALIZED_UNIT)).map(str::to_owned);
    let unit = kept_in.unwrap_or(unit);
    let (mut balance, mut received, mut issued) = (opening, Decimal::ZERO, Decimal::ZERO);
    let mut items = vec![bare("opening", asked.from_on, balance, &unit)];
    for Record { envelope, values } in movements {
        let amount = values.get(&QUANTITY_NORMALIZED).unwrap_or_default();
        let came = values.get(&DIRECTION) == Some(StockDirection::In);
        if came {
            received += amount
        } else {
            issued += amount
        }
        balance += if came { amount } else { -amount };
        let on = day_of(envelope.occurred_at, call.core.zone);
        items.push(StockCardLine {
            movement_id: Some(envelope.id),
            occurred_at: Some(format_instant(envelope.occurred_at, call.core.zone)),
            reason: values.get(&REASON).map(|reason| reason.code().to_owned()),
            counterpart: values.get(&COUNTERPART).map(str::to_owned),
            source_kind: values.get(&SOURCE_KIND).map(|kind| kind.code().to_owned()),
            source_id: values.get(&SOURCE_ID),
            received: came.then(|| said(amount)),
            issued: (!came).then(|| said(amount)),
            ..bare("movement", Some(on), balance, &unit)
        });
    }
    items.push(bare("closing", Some(asked.to_on), balance, &unit));
    StockCard {
        place_id: asked.place_id,
        commodity: asked.commodity,
        unit,
        from_on: asked.from_on,
        to_on: asked.to_on,
        opening: said(opening),
        received: said(received),
        issued: said(issued),
        closing: said(balance),
        items,
        as_of_change_no: head,
    }
}

fn said(amount: Decimal) -> String {
    amount.normalize().to_string()
}

/// A line without a movement.
fn bare(entry: &'static str, on: Option<NaiveDate>, balance: Decimal, unit: &str) -> StockCardLine {
    StockCardLine {
        entry,
        on,
        movement_id: None,
        occurred_at: None,
        reason: None,
        counterpart: None,
        source_kind: None,
        source_id: None,
        received: None,
        issued: None,
        balance: said(balance),
        unit: unit.to_owned(),
    }
}
