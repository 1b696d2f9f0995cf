//! The catalogue, for forms and scripts.

use actix_web::HttpResponse;
use actix_web::http::Method;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::catalogue::CommodityCategory;
use super::{COMMODITIES, Commodity};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::answered::of_form;
use crate::platform::http::{Access, Answer, Call, Operation};

const CATEGORY: Field =
    Field::new("category", Shape::Word(CommodityCategory::VOCABULARY), Text::new("Category", "类别"), "Its group.")
        .required();
const PRICE_UNITS: Field = Field::new(
    "price_units",
    Shape::List { of: &free_text(20), max: 50 },
    Text::new("Price units", "可用计价单位"),
    "Units of price that can be converted; a number may stand before the unit, as in 元/500克.",
)
.required();
const QUANTITY_UNITS: Field = Field::new(
    "quantity_units",
    Shape::List { of: &free_text(20), max: 50 },
    Text::new("Quantity units", "可用数量单位"),
    "Units of quantity that can be converted.",
)
.required();

mod parameters {
    use super::*;

    fields! {
        /// Parameters of the list.
        pub static PARAMETERS;
        CATEGORY: CommodityCategory = Field::new("category", Shape::Word(CommodityCategory::VOCABULARY), Text::new("Category", "类别"), "Of that group.");
        Q: String = Field::new("q", free_text(40), Text::new("Search", "搜索"), "A part of the name or the code.");
    }
}

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
            .parameters(parameters::PARAMETERS.iter().collect())
            .answers::<CommodityList>(200, "The catalogue.", Some(json!({"items": [example]}))),
    ]
}

/// A commodity of the catalogue.
#[derive(Serialize, ToSchema)]
#[schema(as = Commodity)]
struct ShownCommodity {
    /// Code · 编码
    ///
    /// Its code.
    #[schema(min_length = 1, max_length = 40)]
    code: &'static str,
    /// Chinese name · 中文名
    ///
    /// Its name.
    #[schema(min_length = 1, max_length = 60)]
    name_zh: &'static str,
    /// English name · 英文名
    ///
    /// Its name.
    #[schema(min_length = 1, max_length = 60)]
    name_en: &'static str,
    /// Its group.
    #[schema(schema_with = category)]
    category: CommodityCategory,
    /// Specification · 规格
    ///
    /// What exactly is meant.
    #[schema(required, min_length = 1, max_length = 60)]
    spec_zh: Option<&'static str>,
    /// Price unit · 计价单位
    ///
    /// The usual unit of its price.
    #[schema(min_length = 1, max_length = 20)]
    price_unit: &'static str,
    /// Quantity unit · 数量单位
    ///
    /// The unit of its quantity.
    #[schema(min_length = 1, max_length = 20)]
    quantity_unit: &'static str,
    /// Normalised price unit · 折算计价单位
    ///
    /// What its prices are compared in.
    #[schema(min_length = 1, max_length = 20)]
    normalized_price_unit: String,
    /// Units of price that can be converted; a number may stand before the unit, as in 元/500克.
    #[schema(schema_with = price_units)]
    price_units: Vec<String>,
    /// Units of quantity that can be converted.
    #[schema(schema_with = quantity_units)]
    quantity_units: Vec<String>,
}

fn category() -> RefOr<Schema> {
    of_form(&CATEGORY)
}

fn price_units() -> RefOr<Schema> {
    of_form(&PRICE_UNITS)
}

fn quantity_units() -> RefOr<Schema> {
    of_form(&QUANTITY_UNITS)
}

/// Commodities.
#[derive(Serialize, ToSchema)]
struct CommodityList {
    /// In the order of the catalogue.
    #[schema(max_items = 1_000)]
    items: Vec<ShownCommodity>,
}

async fn list(call: Call) -> Answer {
    let (category, sought) =
        (call.query.get(&parameters::CATEGORY), call.query.get(&parameters::Q).map(str::to_lowercase));
    let matches = |commodity: &&Commodity| {
        let word = commodity.word;
        let names = [word.code, word.label.zh, word.label.en].map(str::to_lowercase);
        category.is_none_or(|category| category == commodity.category)
            && sought.as_ref().is_none_or(|sought| names.iter().any(|name| name.contains(sought)))
    };
    let items = COMMODITIES.iter().filter(matches).map(shown).collect();
    Ok(HttpResponse::Ok().json(CommodityList { items }))
}

fn shown(commodity: &'static Commodity) -> ShownCommodity {
    let units = |of_prices: bool| commodity.convertible(of_prices).split(' ').map(str::to_owned).collect();
    ShownCommodity {
        code: commodity.word.code,
        name_zh: commodity.word.label.zh,
        name_en: commodity.word.label.en,
        category: commodity.category,
        spec_zh: Some(commodity.specification).filter(|text| !text.is_empty()),
        price_unit: commodity.price_unit,
        quantity_unit: commodity.quantity_unit,
        normalized_price_unit: commodity.normal_price_unit(),
        price_units: units(true),
        quantity_units: units(false),
    }
}
