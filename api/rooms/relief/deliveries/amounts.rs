//! Comparison of what was asked for with what was brought: amounts of an item, each in its unit's base, so that 6 斤 and
//! 2 公斤 are the 10 斤 that were asked for.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::rooms::relief::need_requests::NeedItem;
use crate::rooms::supply::commodities::{Amount, in_base};

/// Factor up to which weighed goods may exceed what was asked for: nobody cuts a cabbage. Counted goods may not.
const SCALES: Decimal = Decimal::from_parts(11, 0, 0, false, 1);

/// Item and base.
type Key = (String, String);

/// Amounts by item and base; those of one item in several bases stay apart.
#[derive(Default)]
pub struct Amounts(BTreeMap<Key, Amount>);

impl Amounts {
    /// The amounts of all these items.
    pub fn of(items: impl IntoIterator<Item = impl Borrow<NeedItem>>) -> Self {
        Self::default().and(items)
    }

    /// These and the amounts of all those items.
    pub fn and(mut self, items: impl IntoIterator<Item = impl Borrow<NeedItem>>) -> Self {
        for item in items {
            let NeedItem { item, quantity, quantity_unit, .. } = item.borrow();
            let amount = in_base(*quantity, quantity_unit);
            let key = (item.clone(), amount.base.clone());
            let sum = self.0.entry(key).or_insert(Amount { value: Decimal::ZERO, ..amount });
            sum.value = sum.value.saturating_add(amount.value);
        }
        self
    }

    /// Whether there is at least so much of everything.
    pub fn cover(&self, asked: &Self) -> bool {
        asked.0.iter().all(|(key, amount)| self.brought(key) >= amount.value)
    }

    /// Whether there is more of something than was asked for, in the base in which it was.
    pub fn exceed(&self, asked: &Self) -> bool {
        asked.0.iter().any(|(key, amount)| {
            let most = if amount.is_measured { amount.value.saturating_mul(SCALES) } else { amount.value };
            self.brought(key) > most
        })
    }

    fn brought(&self, key: &Key) -> Decimal {
        self.0.get(key).map_or(Decimal::ZERO, |amount| amount.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(items: &[(&str, &str, &str)]) -> Amounts {
        Amounts::of(items.iter().map(|(item, quantity, unit)| NeedItem {
            item: (*item).to_owned(),
            commodity: None,
            quantity: quantity.parse().unwrap(),
            quantity_unit: (*unit).to_owned(),
        }))
    }

    #[test]
    fn every_mixture_of_units_adds_up() {
        let asked = amounts(&[("大白菜", "10", "斤")]);
        for mixture in [
            vec![("大白菜", "6", "斤"), ("大白菜", "2", "公斤")],
            vec![("大白菜", "5", "公斤")],
            vec![("大白菜", "10", "500克")],
            vec![("大白菜", "1", "斤"), ("大白菜", "90", "两")],
            vec![("大白菜", "4.5", "kg"), ("大白菜", "500", "g")],
        ] {
            assert!(amounts(&mixture).cover(&asked), "{mixture:?}");
        }
        for mixture in [
            vec![("大白菜", "6", "斤"), ("大白菜", "1.99", "公斤")],
            vec![("大白菜", "9.9", "斤")],
            vec![("大白菜", "10", "袋")],
            vec![("土豆", "5", "公斤")],
            vec![],
        ] {
            assert!(!amounts(&mixture).cover(&asked), "{mixture:?}");
        }
        assert!(amounts(&[("大白菜", "10", "斤")]).cover(&amounts(&[("大白菜", "5", "公斤")])));
    }

    #[test]
    fn more_than_asked_is_more_than_scales_make_it() {
        let asked = amounts(&[("大白菜", "10", "斤"), ("方便面", "10", "袋")]);
        let exceeds = |quantity: &str, unit: &str| amounts(&[("大白菜", quantity, unit)]).exceed(&asked);
        assert!(exceeds("110", "斤") && exceeds("5.6", "公斤") && exceeds("11.1", "斤"));
        assert!(!exceeds("11", "斤") && !exceeds("5", "公斤") && !exceeds("1", "袋"));
        assert!(amounts(&[("方便面", "11", "包")]).exceed(&asked));
        assert!(!amounts(&[("方便面", "10", "包")]).exceed(&asked));
    }
}
