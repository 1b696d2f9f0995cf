//! Goods given out, by the unit that gave them: 送上牛奶、水、方便面等物资.

use actix_web::http::Method;
use chrono::NaiveDate;
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::{Text, percent_encoded};
use kit::time::{day_of, day_start};
use kit::value::Value;
use kit::{columns, fields};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{IssueOccasion, MATERIAL_ISSUES};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::awaited::has_come;
use crate::records::envelope;
use crate::records::list;
use crate::records::scope::{readable, within};
use crate::rooms::relief::goods::GOODS_READERS;
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, added, merge, refuse_of_one};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words};

fields! {
    /// Parameters.
    static PARAMETERS;
    FROM_ON: NaiveDate = Field::new("from_on", Shape::Day, Text::new("From", "起始日期"), "From this day on; from the first by default.");
    TO_ON: NaiveDate = Field::new("to_on", Shape::Day, Text::new("To", "截止日期"), "Until the end of this day; today by default.");
    ORG_ID: Uuid = Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Given by this organisation.");
    OCCASION: IssueOccasion = Field::new("occasion", Shape::Word(IssueOccasion::VOCABULARY), Text::new("Occasion", "发放事由"), "On this occasion.");
    AREA_CODE: String = WIDE_AREA_CODE;
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

columns! {
    /// Name of the giving organisation.
    ORG_NAME "org_name": String;
    /// Name of the item.
    ITEM "item": String;
    /// Commodity of the item.
    COMMODITY "commodity": String;
    /// Unit in which it was told.
    QUANTITY_UNIT "quantity_unit": String;
    /// Sum of its quantities.
    QUANTITY "quantity": Decimal;
    /// Number of the issues.
    ISSUES "issues": i64;
}

const COLUMNS: &[Column] = &[
    words("org_name", "单位"),
    words("item", "物品"),
    words("commodity", "商品"),
    numbers("quantity", "数量"),
    words("quantity_unit", "数量单位"),
    numbers("issues", "发放次数"),
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let item = json!({"org_id": "0198c0de-0001-7000-8000-000000000001", "org_name": "区教育局", "item": "方便面", "commodity": "instant_noodles", "quantity": "240", "quantity_unit": "袋", "issues": 4,
        "records_url": "/v1/material-issues?org_id=0198c0de-0001-7000-8000-000000000001&to_on=2020-02-02"});
    let example = json!({"from_on": null, "to_on": "2020-02-02", "items": [item], "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/goods-given", "list_goods_given", given)
        .described("material_issues", "Goods given out by unit", "What each organisation handed out, item by item, as it was told. Different units aren't added up. Counts the issues that the caller may read.")
        .access(Access::Roles(GOODS_READERS))
        .keys(KeyScope::Read)
        .answers::<OfDistricts<GoodsGiven>>(200, "The goods.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    vec![polled(operation, PARAMETERS.iter())]
}

/// Goods given out.
#[derive(Serialize, ToSchema)]
struct GoodsGiven {
    /// The first day, where one was asked for.
    #[schema(required)]
    from_on: Option<NaiveDate>,
    /// The last day.
    to_on: NaiveDate,
    /// By organisation and item.
    #[schema(inline, max_items = 1_000_000)]
    items: Vec<Given>,
}

/// An item that an organisation gave, with how much of it in one unit.
#[derive(Serialize, ToSchema)]
struct Given {
    /// Which organisation; none where nobody's is told.
    #[schema(required)]
    org_id: Option<Uuid>,
    /// Its name.
    #[schema(required, max_length = 100)]
    org_name: Option<String>,
    /// Name of the item.
    #[schema(max_length = 60)]
    item: String,
    /// Its commodity.
    #[schema(required, max_length = 40)]
    commodity: Option<String>,
    /// How much.
    #[schema(max_length = 40)]
    quantity: String,
    /// Of what.
    #[schema(max_length = 20)]
    quantity_unit: String,
    /// In how many issues.
    #[schema(minimum = 0)]
    issues: i64,
    /// The issues; null where they are of several districts.
    #[schema(required, max_length = 900)]
    records_url: Option<String>,
}

async fn given(call: Call) -> Answer {
    refuse_of_one(&call)?;
    let today = day_of(call.core.clock.now(), call.core.zone);
    let (from_on, to_on) = (call.query.get(&FROM_ON), call.query.get(&TO_ON).unwrap_or(today));
    answer_by_district(&call, COLUMNS, async |now: &mut Snapshot, part: &Part| {
        let rows = now.read(&asked(&part.call, &part.district_code, from_on, to_on)?).await?;
        let items = rows.into_iter().filter_map(|row| of_row(&part.call, row, from_on, to_on)).collect();
        Ok(GoodsGiven { from_on, to_on, items })
    })
    .await
}

impl Summed for GoodsGiven {
    fn add(&mut self, other: Self) {
        let key = |one: &Given| {
            let of_unit = (one.org_name.is_none(), one.org_name.clone(), one.org_id);
            (of_unit, one.item.clone(), one.quantity_unit.clone(), one.commodity.clone())
        };
        merge(&mut self.items, other.items, key, |line, other| line.add(&other));
    }
}

impl Given {
    /// Adds another district's, of organisations that nobody told; no list has both.
    fn add(&mut self, other: &Self) {
        self.quantity = added(&self.quantity, &other.quantity);
        self.issues += other.issues;
        self.records_url = None;
    }
}

fn asked(call: &Call, district_code: &str, from_on: Option<NaiveDate>, to_on: NaiveDate) -> Result<Statement, Problem> {
    let select = "SELECT r.org_id, (SELECT o.name FROM organizations AS o WHERE o.district_code = r.district_code AND o.id = r.org_id) AS org_name, i ->> 'item' AS item, i ->> 'commodity' AS commodity, i ->> 'quantity_unit' AS quantity_unit, sum((i ->> 'quantity')::numeric) AS quantity, count(DISTINCT r.id) AS issues FROM material_issues AS r CROSS JOIN LATERAL jsonb_array_elements(r.items) AS i WHERE NOT r.voided AND ";
    let statement = Statement::new(format!("{select}{} AND r.district_code = ", has_come("r."))).text(district_code);
    let mut statement = readable("r", statement.sql(" AND "), call.actor()?, &MATERIAL_ISSUES);
    let start = |day: NaiveDate| day_start(day, call.core.zone).map_or(Value::Null, Value::Instant);
    if let Some(from_on) = from_on {
        statement = statement.sql(" AND r.occurred_at >= ").bind(ColumnType::Instant, start(from_on));
    }
    if let Some(next) = to_on.succ_opt() {
        statement = statement.sql(" AND r.occurred_at < ").bind(ColumnType::Instant, start(next));
    }
    if let Some(org_id) = call.query.get(&ORG_ID) {
        statement = statement.sql(" AND r.org_id = ").id(org_id);
    }
    if let Some(occasion) = call.query.get(&OCCASION) {
        statement = statement.sql(" AND r.occasion = ").text(occasion.code());
    }
    if let Some(area_code) = call.query.get(&AREA_CODE) {
        statement = within("r", statement.sql(" AND "), area_code);
    }
    Ok(statement.sql(" GROUP BY 1, r.district_code, 3, 4, 5 ORDER BY 2, 3, 5 LIMIT 10000"))
}

fn of_row(call: &Call, mut row: Row, from_on: Option<NaiveDate>, to_on: NaiveDate) -> Option<Given> {
    let org_id = row.get(&envelope::ORG_ID);
    let (item, commodity): (String, Option<String>) = (row.get(&ITEM)?, row.get(&COMMODITY));
    let mut records_url = format!("/v1/{}?to_on={to_on}", MATERIAL_ISSUES.path);
    let narrowed = [
        ("from_on", from_on.map(|day| day.to_string())),
        ("area_code", call.query.get(&AREA_CODE).map(str::to_owned)),
        ("org_id", org_id.map(|id: Uuid| id.to_string())),
        ("item", Some(percent_encoded(item.as_bytes()))),
        ("commodity", commodity.clone()),
    ];
    for (name, value) in narrowed.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        records_url.push_str(&format!("&{name}={value}"));
    }
    Some(Given {
        org_id,
        org_name: row.get(&ORG_NAME),
        item,
        commodity,
        quantity: row.get(&QUANTITY)?.normalize().to_string(),
        quantity_unit: row.get(&QUANTITY_UNIT)?,
        issues: row.get(&ISSUES)?,
        records_url: Some(records_url),
    })
}
