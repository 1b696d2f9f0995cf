//! Packs in which goods are sold: 板, 桶, 袋, 箱. Each holds what the unit itself says (`袋(10kg)`, `箱(24瓶×500ml)`, `5L/桶`),
//! else what the district says.

use kit::field::{Field, Shape};
use kit::object;
use kit::text::Text;
use rust_decimal::Decimal;

use super::UNIT;
use super::units::{Dimension, Unit, amount_of, find, is_usual, narrow, numbered, thousandth};

object! {
    /// A pack of a commodity.
    #[derive(PartialEq)]
    pub struct Pack, PACK {
        unit: String = Field::new("unit", Shape::Text { min: 1, max: 10, pattern: None }, Text::new("Pack", "包装"), "What the pack is called: 板, 桶, 箱.").required();
        quantity: Decimal = Field::new("quantity", Shape::Decimal { scale: 3, min: "0.001", max: "1000000" }, Text::new("Holds", "含量"), "How much one of them holds.").required();
        quantity_unit: String = Field::new("quantity_unit", UNIT, Text::new("Unit", "含量单位"), "Of what: kg, 瓶.").required();
    }
}

/// So much of a dimension, in its base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its dimension.
    pub dimension: Dimension,
    /// Amount, in the dimension's base.
    pub amount: Decimal,
}

impl Measure {
    fn of((amount, unit): (Decimal, &Unit)) -> Self {
        Self { dimension: unit.dimension, amount: thousandth(amount, unit) }
    }

    fn times(self, times: Decimal) -> Option<Self> {
        let amount = self.amount.checked_mul(times).filter(|amount| is_usual(*amount))?;
        Some(Self { amount, ..self })
    }
}

impl Pack {
    /// Amount that one of them holds.
    pub fn holds(&self) -> Option<Measure> {
        let (amount, unit) = amount_of(&narrow(&self.quantity_unit))?;
        Measure::of((amount, unit)).times(self.quantity)
    }
}

/// Everything that a unit may mean; one dimension is what is asked for. `盒(50只)` is a box, and fifty pieces.
pub fn meanings(text: &str, packs: &[Pack]) -> Vec<Measure> {
    let (outer, held) = match (text.find('('), text.strip_suffix(')')) {
        (Some(at), Some(rest)) => (text.get(..at).unwrap_or_default(), rest.get(at + 1..)),
        _ => (text, None),
    };
    let (outer, held) = match (held, outer.split_once('/')) {
        (None, Some((held, pack))) => (pack, Some(held)),
        (held, _) => (outer, held),
    };
    let alone = single(outer, packs);
    let inner = held.filter(|_| is_name(outer)).map(contents).unwrap_or_default();
    // Kilograms that hold ten kilograms are a slip.
    let contradicts = |measure: &Measure| {
        find(outer)
            .is_some_and(|unit| unit.dimension == measure.dimension && Measure::of((Decimal::ONE, unit)) != *measure)
    };
    if inner.iter().any(contradicts) {
        return Vec::new();
    }
    inner.into_iter().chain(alone).collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(char::is_alphabetic)
}

/// A number of units, or of packs that the district knows.
fn single(text: &str, packs: &[Pack]) -> Vec<Measure> {
    let Some((amount, name)) = numbered(text) else { return Vec::new() };
    let pack = packs.iter().find(|pack| narrow(&pack.unit) == name);
    let of_pack = pack.and_then(Pack::holds).and_then(|held| held.times(amount));
    find(name).map(|unit| Measure::of((amount, unit))).into_iter().chain(of_pack).collect()
}

/// Amounts that a pack is said to hold: `10kg`, `24瓶`, `12×500ml`, `24瓶×500ml`.
fn contents(text: &str) -> Vec<Measure> {
    let told = |text: &str| {
        // Contents without a number say nothing.
        let (amount, name) = numbered(text).filter(|_| text.starts_with(|letter: char| letter.is_ascii_digit()))?;
        Some((amount, find(name), name.is_empty()))
    };
    let is_times = |(at, letter): &(usize, char)| {
        let behind = text.get(at + letter.len_utf8()..).and_then(|rest| rest.chars().next());
        matches!(letter, '×' | '*' | 'x' | 'X') && behind.is_some_and(|next| next.is_ascii_digit())
    };
    let Some((at, sign)) = text.char_indices().find(is_times) else {
        return told(text).and_then(|(amount, unit, _)| Some(Measure::of((amount, unit?)))).into_iter().collect();
    };
    let (first, second) = (text.get(..at).unwrap_or_default(), text.get(at + sign.len_utf8()..).unwrap_or_default());
    let (Some((count, one, bare_one)), Some((other_count, other, bare_other))) = (told(first), told(second)) else {
        return Vec::new();
    };
    let all =
        |unit: &Unit| count.checked_mul(other_count).filter(|all| is_usual(*all)).map(|all| Measure::of((all, unit)));
    match (one, other) {
        (Some(one), Some(other)) => [Some(Measure::of((count, one))), all(other)].into_iter().flatten().collect(),
        (Some(unit), None) if bare_other => all(unit).into_iter().collect(),
        (None, Some(unit)) if bare_one => all(unit).into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::built_in as commodity;
    use super::*;

    fn price(code: &str, price: &str, unit: &str) -> Option<String> {
        let normal = commodity(code).unwrap().normal_price(price.parse().unwrap(), unit)?;
        Some(format!("{} {}", normal.value, normal.unit))
    }

    #[test]
    fn packs_say_what_they_hold() {
        for (code, told, unit, normal) in [
            ("oil_blend", "58.63", "元/桶(5L)", "11.726 CNY/L"),
            ("oil_blend", "58.63", "元/桶（５Ｌ）", "11.726 CNY/L"),
            ("oil_blend", "58.63", "元/5L/桶", "11.726 CNY/L"),
            ("oil_blend", "120", "元/箱(4×5L)", "6 CNY/L"),
            ("grain_rice_indica", "48", "元/袋(10kg)", "4.8 CNY/kg"),
            ("grain_rice_indica", "48", "元每袋(20斤)", "4.8 CNY/kg"),
            ("water_bottled_550ml", "24", "元/箱(24瓶)", "1 CNY/bottle"),
            ("water_bottled_550ml", "24", "元/箱(24瓶×550ml)", "1 CNY/bottle"),
            ("milk_uht_250ml", "2.7", "元/盒(250ml)", "2.7 CNY/box"),
            ("ppe_mask_medical_disposable", "100", "元/盒(50只)", "2 CNY/piece"),
            ("instant_noodles", "3", "元/袋(100g)", "3 CNY/pack"),
            ("salt_edible", "2", "元/袋(400g)", "5 CNY/kg"),
            ("meat_beef", "45", "元/斤(散装)", "90 CNY/kg"),
            ("meat_beef", "45", "元/500克(散装)", "90 CNY/kg"),
        ] {
            assert_eq!(price(code, told, unit).as_deref(), Some(normal), "{code} {unit}");
        }
        for (code, unit) in [
            ("oil_blend", "元/桶"),
            ("oil_blend", "元/桶(10斤)"),
            ("grain_rice_indica", "元/袋(大)"),
            ("grain_rice_indica", "元/袋(0kg)"),
            ("grain_rice_indica", "元/公斤(10公斤)"),
            ("grain_rice_indica", "元/(10kg)"),
            ("grain_rice_indica", "元/袋(10kg"),
            ("grain_rice_indica", "元/袋(1000000×1000kg)"),
            ("water_bottled_550ml", "元/箱(24×)"),
            ("water_bottled_550ml", "元/箱(瓶×24瓶)"),
        ] {
            assert_eq!(price(code, "1", unit), None, "{code} {unit}");
        }
    }

    #[test]
    fn packs_of_the_district_are_counted() {
        let mut eggs = commodity("egg_chicken").unwrap().clone();
        let pack = |unit: &str, quantity: &str, of: &str| Pack {
            unit: unit.to_owned(),
            quantity: quantity.parse().unwrap(),
            quantity_unit: of.to_owned(),
        };
        eggs.packs = vec![pack("板", "1.8", "公斤"), pack("个", "60", "克")];
        let normal =
            |told: &str, unit: &str| Some(eggs.normal_quantity(told.parse().unwrap(), unit)?.value.to_string());
        assert_eq!(normal("10", "板").as_deref(), Some("18"));
        assert_eq!(normal("30", "个").as_deref(), Some("1.8"));
        assert_eq!(normal("2", "板(2kg)").as_deref(), Some("4"), "what is said goes before what is usual");
        assert_eq!(normal("2", "箱"), None);
        let price = eggs.normal_price("18".parse().unwrap(), "元/板").unwrap();
        assert_eq!((price.value.to_string(), price.unit.as_str()), ("10".into(), "CNY/kg"));
        assert!(eggs.convertible(true).contains(&"元/板".to_owned()));
    }
}
