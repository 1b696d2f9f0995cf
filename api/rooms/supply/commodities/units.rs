//! Units as people write them, and what they are in the unit that is compared: yuan a kilogram, a litre, a box. A unit
//! that isn't known can't be converted: it is a fault, never a guess. Packs: [`super::packs`].

use kit::text::{Language, half_width};
use rust_decimal::{Decimal, RoundingStrategy};

use super::packs::{Measure, meanings};
use super::{Commodity, Normal};

/// Dimension that a unit measures; units of different dimensions are never converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// In kilograms.
    Mass,
    /// In litres.
    Volume,
    /// In pieces of that kind, which nothing else is.
    Count(&'static str),
}

pub(super) struct Unit {
    pub(super) names: &'static [&'static str],
    pub(super) dimension: Dimension,
    /// How much of the dimension's own unit it is, in thousandths.
    thousandths: i64,
}

const fn unit(names: &'static [&'static str], dimension: Dimension, thousandths: i64) -> Unit {
    Unit { names, dimension, thousandths }
}

const UNITS: [Unit; 14] = [
    unit(&["kg", "千克", "公斤"], Dimension::Mass, 1_000),
    unit(&["g", "克"], Dimension::Mass, 1),
    unit(&["斤", "市斤"], Dimension::Mass, 500),
    unit(&["两"], Dimension::Mass, 50),
    unit(&["t", "吨"], Dimension::Mass, 1_000_000),
    unit(&["l", "升", "公升"], Dimension::Volume, 1_000),
    unit(&["ml", "毫升"], Dimension::Volume, 1),
    unit(&["box", "盒"], Dimension::Count("box"), 1_000),
    unit(&["can", "听", "罐"], Dimension::Count("can"), 1_000),
    // A bag of salt and a pack of noodles are both 袋.
    unit(&["bag", "pack", "袋", "包"], Dimension::Count("bag"), 1_000),
    unit(&["bottle", "瓶"], Dimension::Count("bottle"), 1_000),
    unit(&["piece", "个", "只", "枚", "支", "把"], Dimension::Count("piece"), 1_000),
    unit(&["item", "件"], Dimension::Count("item"), 1_000),
    unit(&["head", "头"], Dimension::Count("head"), 1_000),
];

pub(super) fn find(name: &str) -> Option<&'static Unit> {
    let name = name.to_lowercase();
    UNITS.iter().find(|unit| unit.names.contains(&name.as_str()))
}

/// A unit as it is told to people: 件 for `item`.
pub fn spoken(unit: &str, language: Language) -> &str {
    let known = find(unit).filter(|_| language == Language::Chinese);
    known.and_then(|known| known.names.iter().find(|name| !name.is_ascii())).copied().unwrap_or(unit)
}

/// The most of one commodity that one record may tell, in its usual unit: many of them can still be added up.
pub const MOST_QUANTITY: i64 = 1_000_000_000;

/// Full-width digits, letters and slashes made narrow; no spaces.
pub(super) fn narrow(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).map(half_width).collect()
}

/// Parts a text in the number before it, one where there is none, and the name.
pub(super) fn numbered(text: &str) -> Option<(Decimal, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, name) = text.split_at_checked(end)?;
    let amount = if number.is_empty() { Decimal::ONE } else { number.parse().ok()? };
    Some((amount, name)).filter(|(amount, _)| is_usual(*amount))
}

/// Between a gram in a thousand and a thousand tonnes: what is counted stays within what can be added up.
pub(super) fn is_usual(amount: Decimal) -> bool {
    amount >= Decimal::new(1, 3) && amount <= Decimal::from(1_000_000)
}

/// `500克` → 500 and the unit; without a number it is one.
pub(super) fn amount_of(text: &str) -> Option<(Decimal, &'static Unit)> {
    let (amount, name) = numbered(text)?;
    find(name).map(|unit| (amount, unit))
}

/// An amount in its unit's base: kilograms, litres, pieces of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Unit in which it is compared: `kg`, `L`, `box`, each only with itself; a unit that isn't known stands for
    /// itself.
    pub base: String,
    /// Amount, in `base`.
    pub value: Decimal,
    /// Whether it is weighed or measured rather than counted.
    pub is_measured: bool,
}

/// A quantity in its unit's base, so that 斤 and 公斤 can be added up. What isn't known is compared as it is
/// written, never guessed.
pub fn in_base(quantity: Decimal, quantity_unit: &str) -> Amount {
    let text = narrow(quantity_unit);
    let known = meanings(&text, &[]).first().copied().and_then(|Measure { dimension, amount }| {
        let value = quantity.checked_mul(amount)?;
        let (base, is_measured) = match dimension {
            Dimension::Mass => ("kg", true),
            Dimension::Volume => ("L", true),
            Dimension::Count(name) => (name, false),
        };
        Some(Amount { base: base.to_owned(), value, is_measured })
    });
    known.unwrap_or_else(|| Amount { base: text.to_lowercase(), value: quantity, is_measured: false })
}

/// Text of how much of what a price is the price of.
fn of_price(text: &str) -> Option<&str> {
    let rest = ["元", "CNY", "cny", "RMB", "rmb", "¥", "￥"].iter().find_map(|money| text.strip_prefix(money))?;
    rest.strip_prefix('/').or_else(|| rest.strip_prefix('每'))
}

/// The unit of a price without packs.
fn priced(text: &str) -> Option<(Decimal, &'static Unit)> {
    amount_of(of_price(&narrow(text))?)
}

/// Dimension of a unit of quantity or, as `元/…`, of price, which must be one that anybody knows.
pub fn dimension_of(text: &str, of_prices: bool) -> Option<Dimension> {
    let found = if of_prices { priced(text) } else { amount_of(&narrow(text)) };
    found.map(|(_, unit)| unit.dimension)
}

/// The unit of quantity as the catalogue spells it: `kg` for 公斤; none for what isn't one unit alone.
pub fn spelled_unit(text: &str) -> Option<&'static str> {
    let unit = find(&narrow(text))?;
    unit.names.first().map(|name| if *name == "l" { "L" } else { name })
}

pub(super) fn thousandth(amount: Decimal, unit: &Unit) -> Decimal {
    amount * Decimal::from(unit.thousandths) / Decimal::ONE_THOUSAND
}

impl Commodity {
    /// Unit in which prices of it are compared: `CNY/kg`.
    pub fn normal_price_unit(&self) -> String {
        let dimension = dimension_of(&self.price_unit, true);
        format!("CNY/{}", self.spelled(dimension))
    }

    fn spelled(&self, dimension: Option<Dimension>) -> &str {
        match dimension {
            Some(Dimension::Mass) => "kg",
            Some(Dimension::Volume) => "L",
            Some(Dimension::Count(name)) if dimension != dimension_of(&self.quantity_unit, false) => name,
            Some(Dimension::Count(_)) | None => &self.quantity_unit,
        }
    }

    /// The meaning of a unit that is of the dimension in which this is told.
    fn measured(&self, text: &str, of_prices: bool) -> Option<Measure> {
        let usual = dimension_of(if of_prices { &self.price_unit } else { &self.quantity_unit }, of_prices)?;
        let text = narrow(text);
        let text = if of_prices { of_price(&text)? } else { &text };
        meanings(text, &self.packs).into_iter().find(|measure| measure.dimension == usual)
    }

    /// A price in the unit in which prices of this are compared, to six decimal places; none where the unit is
    /// unknown or measures something else.
    pub fn normal_price(&self, price: Decimal, price_unit: &str) -> Option<Normal> {
        let value = price.checked_div(self.measured(price_unit, true)?.amount)?;
        Some(Normal { value: rounded(value, 6), unit: self.normal_price_unit() })
    }

    /// A quantity in the unit in which quantities of this are told, to six decimal places; none where the unit is
    /// unknown or measures something else, or where it is more than [`MOST_QUANTITY`].
    pub fn normal_quantity(&self, quantity: Decimal, quantity_unit: &str) -> Option<Normal> {
        let (_, usual) = amount_of(&self.quantity_unit)?;
        let measure = self.measured(quantity_unit, false)?;
        let value = quantity.checked_mul(measure.amount)?.checked_div(thousandth(Decimal::ONE, usual))?;
        let sound = value <= Decimal::from(MOST_QUANTITY);
        sound.then(|| Normal { value: rounded(value, 6), unit: self.quantity_unit.clone().into_owned() })
    }

    /// The units that can be converted, for a hint: of its prices or of its quantities; packs of the district last.
    pub fn convertible(&self, of_prices: bool) -> Vec<String> {
        let usual = dimension_of(if of_prices { &self.price_unit } else { &self.quantity_unit }, of_prices);
        let same =
            UNITS.iter().filter(|unit| Some(unit.dimension) == usual).flat_map(|unit| unit.names.iter().copied());
        let packs = self.packs.iter().filter(|pack| pack.holds().map(|held| held.dimension) == usual);
        let names = same.chain(packs.map(|pack| pack.unit.as_str()));
        names.map(|name| if of_prices { format!("元/{name}") } else { name.to_owned() }).collect()
    }

    /// A unit of pack that says what it holds, as an example.
    pub fn pack_example(&self, of_prices: bool) -> String {
        let usual = dimension_of(if of_prices { &self.price_unit } else { &self.quantity_unit }, of_prices);
        let pack = match usual {
            Some(Dimension::Mass) => "袋(10kg)".to_owned(),
            Some(Dimension::Volume) => "桶(5L)".to_owned(),
            Some(Dimension::Count(name)) => format!("箱(24{})", spoken(name, Language::Chinese)),
            None => String::new(),
        };
        if of_prices { format!("元/{pack}") } else { pack }
    }
}

/// Rounded half up, without zeros at the end.
pub fn rounded(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero).normalize()
}

#[cfg(test)]
mod tests {
    use super::super::{COMMODITIES, built_in as commodity};
    use super::*;

    fn price(code: &str, price: &str, unit: &str) -> Option<String> {
        let normal = commodity(code).unwrap().normal_price(price.parse().unwrap(), unit)?;
        Some(format!("{} {}", normal.value, normal.unit))
    }

    #[test]
    fn every_commoditys_own_units_can_be_converted() {
        for commodity in COMMODITIES.iter() {
            let code = &commodity.code;
            assert!(commodity.normal_price(Decimal::ONE, &commodity.price_unit).is_some(), "{code}");
            assert!(commodity.normal_quantity(Decimal::ONE, &commodity.quantity_unit).is_some(), "{code}");
        }
    }

    #[test]
    fn prices_are_those_of_a_kilogram_a_litre_a_box() {
        assert_eq!(price("meat_pork_hind_leg", "28.45", "元/500克").as_deref(), Some("56.9 CNY/kg"));
        assert_eq!(price("meat_pork_hind_leg", "28.45", "元／斤").as_deref(), Some("56.9 CNY/kg"));
        assert_eq!(price("meat_pork_hind_leg", "56.9", "元每公斤").as_deref(), Some("56.9 CNY/kg"));
        assert_eq!(price("oil_blend", "58.63", "元/5升").as_deref(), Some("11.726 CNY/L"));
        assert_eq!(price("milk_uht_250ml", "2.7", "元/盒").as_deref(), Some("2.7 CNY/box"));
        assert_eq!(price("livestock_live_hog", "1884", "元/50千克").as_deref(), Some("37.68 CNY/kg"));
        assert_eq!(price("salt_edible", "1", "元/300克").as_deref(), Some("3.333333 CNY/kg"));
        assert_eq!(price("instant_noodles", "3", "元/袋").as_deref(), Some("3 CNY/pack"));
    }

    #[test]
    fn amounts_are_compared_in_their_base() {
        let base = |quantity: &str, unit: &str| {
            let amount = in_base(quantity.parse().unwrap(), unit);
            format!("{} {}", amount.value.normalize(), amount.base)
        };
        for (quantity, unit) in [
            ("10", "斤"),
            ("5", "公斤"),
            ("5", "KG"),
            ("100", "两"),
            ("5000", "克"),
            ("10", "500克"),
            ("10", "500 克"),
            ("0.005", "吨"),
        ] {
            assert_eq!(base(quantity, unit), "5 kg", "{quantity} {unit}");
        }
        assert_eq!((base("2", "升"), base("2000", "ml")), ("2 L".into(), "2 L".into()));
        assert_eq!((base("3", "袋"), base("3", "包")), ("3 bag".into(), "3 bag".into()));
        assert_ne!(base("3", "袋"), base("3", "盒"));
        assert_eq!((base("2", "箱"), base("2", " 箱 ")), ("2 箱".into(), "2 箱".into()), "as it is written");
        assert_eq!(base("79000000000000000000000000000", "1000t"), "79000000000000000000000000000 1000t");
    }

    #[test]
    fn what_cannot_be_converted_is_none() {
        for unit in ["元/箱", "元/升", "500克", "元/", "元/0克", "", "美元/500克", "元/500", "元/-1克"] {
            assert_eq!(price("meat_pork_hind_leg", "1", unit), None, "{unit}");
        }
        assert_eq!(price("oil_blend", "1", "元/斤"), None, "a litre has no known weight");
        let urea = commodity("agri_fertilizer_urea").unwrap();
        let tonnes =
            |text: &str, unit: &str| urea.normal_quantity(text.parse().unwrap(), unit).map(|n| n.value.to_string());
        assert_eq!(tonnes("430000", "公斤").as_deref(), Some("430"));
        assert_eq!(tonnes("1", "件"), None);
    }
}
