//! The catalogue, for forms and scripts.

use actix_web::HttpResponse;
use actix_web::http::Method;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use serde_json::{Value as Json, json};

use super::{CATEGORY, COMMODITIES, Commodity};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation};

static FIELDS: &[Field] = &[
    Field::new("code", free_text(40), Text::new("Code", "编码"), "Its code.").required(),
    Field::new("name_zh", free_text(60), Text::new("Chinese name", "中文名"), "Its name.").required(),
    Field::new("name_en", free_text(60), Text::new("English name", "英文名"), "Its name.").required(),
    Field::new("category", Shape::Word(&CATEGORY), Text::new("Category", "类别"), "Its group.").required(),
    Field::new("spec_zh", free_text(60), Text::new("Specification", "规格"), "What exactly is meant."),
    Field::new("price_unit", free_text(20), Text::new("Price unit", "计价单位"), "The usual unit of its price.")
        .required(),
    Field::new("quantity_unit", free_text(20), Text::new("Quantity unit", "数量单位"), "The unit of its quantity.")
        .required(),
    Field::new(
        "normalized_price_unit",
        free_text(20),
        Text::new("Normalised price unit", "折算计价单位"),
        "What its prices are compared in.",
    )
    .required(),
    Field::new(
        "price_units",
        Shape::List { of: &free_text(20), max: 50 },
        Text::new("Price units", "可用计价单位"),
        "Units of price that can be converted; a number may stand before the unit, as in 元/500克.",
    )
    .required(),
    Field::new(
        "quantity_units",
        Shape::List { of: &free_text(20), max: 50 },
        Text::new("Quantity units", "可用数量单位"),
        "Units of quantity that can be converted.",
    )
    .required(),
];
static PARAMETERS: [Field; 2] = [
    Field::new("category", Shape::Word(&CATEGORY), Text::new("Category", "类别"), "Of that group."),
    Field::new("q", free_text(40), Text::new("Search", "搜索"), "A part of the name or the code."),
];

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let example = COMMODITIES.first().map(shown);
    vec![
        Operation::new(Method::GET, "/v1/commodities", "list_commodities", list)
            .described(
                "supply",
                "List commodities",
                "The catalogue with the units of each: what a form offers and what can be converted.",
            )
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .parameters(PARAMETERS.iter().collect())
            .answers_with(200, "The catalogue.", Some(reference("CommodityList")), Some(json!({"items": [example]}))),
    ]
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let mut commodity = object(&FIELDS.iter().collect::<Vec<_>>(), Direction::Served);
    kit::json::put(&mut commodity, "description", "A commodity of the catalogue.");
    let list = json!({"type": "object", "description": "Commodities.", "required": ["items"], "properties": {
        "items": {"type": "array", "maxItems": 1_000, "items": reference("Commodity"), "description": "In the order of the catalogue."}}});
    vec![("Commodity".into(), commodity), ("CommodityList".into(), list)]
}

async fn list(call: Call) -> Answer {
    let (category, sought) = (call.query.text("category"), call.query.text("q").map(str::to_lowercase));
    let matches = |commodity: &&Commodity| {
        let word = commodity.word;
        let names = [word.code, word.label.zh, word.label.en].map(str::to_lowercase);
        category.is_none_or(|category| category == commodity.category)
            && sought.as_ref().is_none_or(|sought| names.iter().any(|name| name.contains(sought)))
    };
    let items: Vec<Json> = COMMODITIES.iter().filter(matches).map(shown).collect();
    Ok(HttpResponse::Ok().json(json!({"items": items})))
}

fn shown(commodity: &Commodity) -> Json {
    let units = |of_prices: bool| commodity.convertible(of_prices).split(' ').map(str::to_owned).collect::<Vec<_>>();
    json!({
        "code": commodity.word.code, "name_zh": commodity.word.label.zh, "name_en": commodity.word.label.en,
        "category": commodity.category, "spec_zh": Some(commodity.specification).filter(|text| !text.is_empty()),
        "price_unit": commodity.price_unit, "quantity_unit": commodity.quantity_unit,
        "normalized_price_unit": commodity.normal_price_unit(), "price_units": units(true), "quantity_units": units(false),
    })
}
