//! The catalogue, for forms and scripts.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::Method;
use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::time::day_of;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use uuid::Uuid;

use super::catalogue::CommodityCategory;
use super::own::Goods;
use super::{COMMODITIES, Commodity, Pack, built_in, goods_cache};
use crate::platform::access::keys::KeyScope;
use crate::platform::called::Piece;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::answered::{Characters, Said, Saying, of_form};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list::{self, district};

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
        Q: String = Field::new("q", free_text(40), Text::new("Search", "搜索"), "A part of a name, of its pinyin's first letters, or of the code.");
        ON: NaiveDate = Field::new("on", Shape::Day, Text::new("Day", "截至日期"), "As it holds on this day; today by default.");
        DISTRICT_CODE: String = list::DISTRICT_CODE;
    }
}

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let nothing = Goods::default();
    let example = COMMODITIES.first().map(|commodity| shown(&nothing, commodity, NaiveDate::MAX));
    vec![
        Operation::new(Method::GET, "/v1/commodities", "list_commodities", list)
            .described(
                "supply",
                "List commodities",
                "What is in use on a day in the caller's district: the catalogue, with what the bureau says of it and its own commodities (`/v1/commodity-entries`), the names and the units of each: what a form offers, what may be written and what can be converted. Callers of several districts who name none get the catalogue alone.",
            )
            .access(Access::SignedIn)
            .keys(KeyScope::Any)
            .parameters(parameters::PARAMETERS.iter().collect())
            .answers::<CommodityList>(200, "The commodities.", Some(json!({"as_of_on": "2020-02-02", "district_code": "511802", "items": [example]})))
            .problems(&[NOT_FOUND]),
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
    code: String,
    /// Chinese name · 中文名
    ///
    /// Its name.
    #[schema(min_length = 1, max_length = 60)]
    name_zh: String,
    /// English name · 英文名
    ///
    /// Its name.
    #[schema(min_length = 1, max_length = 60)]
    name_en: String,
    /// Its group.
    #[schema(schema_with = category)]
    category: CommodityCategory,
    /// Specification · 规格
    ///
    /// The exact goods that are meant; null where nothing is laid down.
    #[schema(required, min_length = 1, max_length = 60)]
    spec_zh: Option<String>,
    /// Price unit · 计价单位
    ///
    /// The usual unit of its price.
    #[schema(min_length = 1, max_length = 20)]
    price_unit: String,
    /// Quantity unit · 数量单位
    ///
    /// The unit of its quantity.
    #[schema(min_length = 1, max_length = 20)]
    quantity_unit: String,
    /// Normalised price unit · 折算计价单位
    ///
    /// The unit in which its prices are compared.
    #[schema(min_length = 1, max_length = 20)]
    normalized_price_unit: String,
    /// Also · 别名
    ///
    /// Other names by which it is understood, in files and in bodies.
    #[schema(max_items = 200, inline, value_type = Vec<CommodityName>)]
    also: Vec<String>,
    /// Packs · 包装规格
    ///
    /// Packs that the district knows, with what they hold.
    #[schema(max_items = 20, inline)]
    packs: Vec<CommodityPack>,
    /// Own · 区县自有
    ///
    /// Whether it is the district's own.
    own: bool,
    /// Entry · 条目
    ///
    /// The district's entry that holds on that day.
    #[schema(required)]
    entry_id: Option<Uuid>,
    /// Effective on · 生效日期
    ///
    /// From which day on that entry holds.
    #[schema(required)]
    effective_on: Option<NaiveDate>,
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

/// Said of a name among others.
struct Named;
/// A name of a commodity in a list.
type CommodityName = Saying<Named>;

impl Said for Named {
    fn schema() -> ObjectBuilder {
        Characters::<60>::schema().description(Some("A name."))
    }
}

/// A pack.
#[derive(Serialize, ToSchema)]
struct CommodityPack {
    /// Its name.
    #[schema(max_length = 10)]
    unit: String,
    /// Amount that one of them holds, an exact decimal.
    #[schema(max_length = 30)]
    quantity: String,
    /// Of what.
    #[schema(max_length = 20)]
    quantity_unit: String,
}

/// Commodities.
#[derive(Serialize, ToSchema)]
struct CommodityList {
    /// The day on which they are in use.
    as_of_on: NaiveDate,
    /// The district whose they are; null where it is the catalogue alone.
    #[schema(required, max_length = 6)]
    district_code: Option<String>,
    /// In the order of the catalogue, the district's own behind it.
    #[schema(max_items = 1_000)]
    items: Vec<ShownCommodity>,
}

async fn list(call: Call) -> Answer {
    goods_cache::refresh(&call.core, Duration::ZERO).await?;
    let named = call.query.has(parameters::DISTRICT_CODE.name());
    let district_code = match district(call.actor()?, &call.query) {
        Ok(None) if named => return Err(NOT_FOUND.into()),
        // Whoever is of several, or of none, has the catalogue.
        Err(problem) if problem.code() == DISTRICT_REQUIRED => None,
        district => district?,
    };
    let today = day_of(call.core.clock.now(), call.core.zone);
    let as_of_on = call.query.get(&parameters::ON).unwrap_or(today);
    let all = goods_cache::known(&call.core);
    let goods = all.of(district_code.as_deref().unwrap_or_default());
    let (category, sought) = (call.query.get(&parameters::CATEGORY), call.query.get(&parameters::Q).map(Piece::new));
    let matches = |commodity: &&Commodity| {
        let names = [&commodity.code, &commodity.name_zh, &commodity.name_en].into_iter().chain(&commodity.also);
        category.is_none_or(|category| category == commodity.category)
            && sought.as_ref().is_none_or(|sought| names.clone().any(|name| sought.is_of(name)))
    };
    let found = goods.all(as_of_on).into_iter().filter(matches);
    let items = found.map(|commodity| shown(goods, commodity, as_of_on)).collect();
    Ok(HttpResponse::Ok().json(CommodityList { as_of_on, district_code, items }))
}

fn shown(goods: &Goods, commodity: &Commodity, on: NaiveDate) -> ShownCommodity {
    let entry = goods.entry(&commodity.code, on);
    let text = |text: &str| text.to_owned();
    let pack = |pack: &Pack| CommodityPack {
        unit: pack.unit.clone(),
        quantity: pack.quantity.normalize().to_string(),
        quantity_unit: pack.quantity_unit.clone(),
    };
    ShownCommodity {
        code: text(&commodity.code),
        name_zh: text(&commodity.name_zh),
        name_en: text(&commodity.name_en),
        category: commodity.category,
        spec_zh: Some(text(&commodity.specification)).filter(|text| !text.is_empty()),
        price_unit: text(&commodity.price_unit),
        quantity_unit: text(&commodity.quantity_unit),
        normalized_price_unit: commodity.normal_price_unit(),
        // A name that the district gave to another one isn't this one's here.
        also: commodity
            .also
            .iter()
            .filter(|name| goods.means(name, &commodity.code, on))
            .map(|name| text(name))
            .collect(),
        packs: commodity.packs.iter().map(pack).collect(),
        own: built_in(&commodity.code).is_none(),
        entry_id: entry.map(|entry| entry.id),
        effective_on: entry.map(|entry| entry.effective_on),
        price_units: commodity.convertible(true),
        quantity_units: commodity.convertible(false),
    }
}
