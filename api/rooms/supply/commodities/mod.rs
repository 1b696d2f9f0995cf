//! Commodities (商品目录): what is sold, stocked and watched, and the units in which people tell it.

mod catalogue;
pub mod goods_cache;
pub mod own;
mod packs;
mod routes;
mod units;

pub use catalogue::{COMMODITIES, COMMODITY_WORDS, Commodity, CommodityCategory, also};
use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::typed::TypedField;
pub use packs::{PACK, Pack};
pub use routes::operations;
use rust_decimal::Decimal;
use units::MOST_QUANTITY;
pub use units::{Amount, dimension_of, in_base, rounded, spelled_unit, spoken};

use crate::platform::access::Role;
use crate::records::{Context, Draft};
use crate::rooms::supply::codes::UNKNOWN_UNIT;

/// A value in the unit in which values of a commodity are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Normal {
    /// Amount, in `unit`.
    pub value: Decimal,
    /// Unit: `CNY/kg`, `kg`.
    pub unit: String,
}

/// The commodity of the catalogue with a code.
pub fn built_in(code: &str) -> Option<&'static Commodity> {
    COMMODITIES.iter().find(|commodity| commodity.code == code)
}

impl Context<'_> {
    /// The commodity of a code as the district has it on a day: a name was written out as a code before, and one that
    /// isn't in use was refused, unless it stood.
    pub fn commodity(&self, code: &str, day: NaiveDate) -> Option<&Commodity> {
        self.goods().known(code, day)
    }
}

/// A field that names one.
pub const COMMODITY: TypedField<String> =
    TypedField::named(
        "COMMODITY",
        Field::new("commodity", Shape::Word(&COMMODITY_WORDS), Text::new("Commodity", "商品"), "Which commodity.")
            .also(&["commodity_code", "商品名称", "商品编码", "品名", "品种", "物资名称", "物资", "货品"]),
    );

/// A commodity of a list.
pub const COMMODITY_ITEM: &Shape = &Shape::Word(&COMMODITY_WORDS);

/// A unit as people write it.
pub const UNIT: Shape = Shape::Text { min: 1, max: 20, pattern: None };

/// A quantity as people tell it.
pub const QUANTITY: Shape = Shape::Decimal { scale: 3, min: "0", max: "100000000" };

/// A quantity or price in the unit that is compared.
pub const NORMAL: Shape = Shape::Decimal { scale: 6, min: "0", max: "1000000000000" };

/// A price in yuan.
pub const PRICE: Shape = Shape::Decimal { scale: 4, min: "0", max: "10000000" };

/// A ratio: `0.2485` is 24.85 %.
pub const RATE: Shape = Shape::Decimal { scale: 4, min: "-1", max: "100000000" };

/// Roles that read the reports of stores, and all that follows from them.
pub const SUPPLY_READERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::Inspector, Role::TownCadre, Role::StoreReporter];

/// Fields of a kind in which a quantity is told: how much, and of what.
pub type Told<'a> = (&'a TypedField<Decimal>, &'a TypedField<String>);

/// The quantity of a draft in the unit of its commodity on a day; what can't be converted is a fault.
pub fn normal_quantity_of(
    draft: &Draft,
    context: &Context<'_>,
    day: NaiveDate,
    told: Told<'_>,
    faults: &mut Faults,
) -> Option<Normal> {
    normal_told(draft, context.commodity(draft.values.get(&COMMODITY)?, day)?, told, faults)
}

/// A draft's quantity in the usual unit of a commodity.
pub fn normal_told(
    draft: &Draft,
    commodity: &Commodity,
    (quantity_field, unit_field): Told<'_>,
    faults: &mut Faults,
) -> Option<Normal> {
    let (quantity, unit) = (draft.values.get(quantity_field)?, draft.values.get(unit_field)?);
    let normal = commodity.normal_quantity(quantity, unit);
    if commodity.normal_quantity(Decimal::ONE, unit).is_none() {
        add_unknown_unit(draft.at(unit_field), commodity, false, faults);
    } else if normal.is_none() {
        let bounds = vec![("min", "0".to_owned()), ("max", format!("{MOST_QUANTITY} {}", commodity.quantity_unit))];
        faults.add_with(draft.at(quantity_field), FaultCode::OUT_OF_RANGE, bounds);
    }
    normal
}

/// Says which units can be converted.
pub fn add_unknown_unit(at: String, commodity: &Commodity, of_prices: bool, faults: &mut Faults) {
    let unit = if of_prices { commodity.normal_price_unit() } else { commodity.quantity_unit.clone().into_owned() };
    let units = commodity.convertible(of_prices).join(" ");
    let pack = commodity.pack_example(of_prices);
    faults.add_with(at, UNKNOWN_UNIT, vec![("unit", unit), ("units", units), ("pack", pack)]);
}
