//! How much of a donation was issued and how much is left, item by item.

use rust_decimal::Decimal;

use crate::rooms::supply::commodities::{Commodity, in_base, rounded};
use crate::rooms::supply::stock_movements::sources::StockItem;

/// An item in the unit in which it is compared: of a commodity its own, else the base of the unit that is told.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The item as it is told.
    pub told: StockItem,
    base: String,
    value: Decimal,
}

impl Measured {
    /// The item, of a commodity as the district has it then.
    pub fn of(told: StockItem, commodity: Option<&Commodity>) -> Self {
        let normal = commodity.and_then(|known| known.normal_quantity(told.quantity, &told.quantity_unit));
        let (base, value) = match normal {
            Some(normal) => (normal.unit, normal.value),
            None => {
                let amount = in_base(told.quantity, &told.quantity_unit);
                (amount.base, amount.value)
            }
        };
        Self { told, base, value }
    }

    /// An amount of the base in the unit that is told.
    fn in_told_unit(&self, amount: Decimal) -> Decimal {
        let told = amount.checked_mul(self.told.quantity).and_then(|product| product.checked_div(self.value));
        rounded(told.unwrap_or(amount), 3)
    }
}

/// Why something can't be taken out of a donation.
#[derive(Debug, PartialEq)]
pub enum Refusal {
    /// It isn't what was given.
    NotOfIt,
    /// Only so much of it is left, and the unit of that.
    Exhausted(Decimal, String),
}

/// A donation's items with what was issued of each.
#[derive(Clone, Debug)]
pub struct Account {
    lines: Vec<(Measured, Decimal)>,
}

impl Account {
    /// Of a donation out of which nothing was issued yet.
    pub fn of(items: impl IntoIterator<Item = Measured>) -> Self {
        Self { lines: items.into_iter().map(|item| (item, Decimal::ZERO)).collect() }
    }

    /// Position of the item that is meant: called so, or the only one of that commodity. Another commodity is another thing,
    /// whatever it is called; so is another unit that can't be converted.
    fn position(&self, taken: &Measured) -> Option<usize> {
        let called = self.lines.iter().position(|(item, _)| item.told.item == taken.told.item);
        let found = called.or_else(|| {
            let code = taken.told.commodity.as_ref()?;
            let mut same =
                self.lines.iter().enumerate().filter(|(_, (item, _))| item.told.commodity.as_ref() == Some(code));
            same.next().filter(|_| same.next().is_none()).map(|(position, _)| position)
        })?;
        let (item, _) = self.lines.get(found)?;
        (item.told.commodity == taken.told.commodity && item.base == taken.base).then_some(found)
    }

    /// Takes something out of it, where that much is left.
    pub fn take(&mut self, taken: &Measured) -> Result<(), Refusal> {
        let found = self.position(taken).and_then(|position| self.lines.get_mut(position));
        let Some((item, issued)) = found else { return Err(Refusal::NotOfIt) };
        let left = item.value.saturating_sub(*issued);
        if taken.value > left {
            let left = item.in_told_unit(left.max(Decimal::ZERO));
            return Err(Refusal::Exhausted(left, item.told.quantity_unit.clone()));
        }
        *issued = issued.saturating_add(taken.value);
        Ok(())
    }

    /// Each item with what was issued of it and what is left, in the unit in which it was given.
    pub fn lines(&self) -> impl Iterator<Item = (&StockItem, Decimal, Decimal)> {
        self.lines.iter().map(|(item, issued)| {
            let left = item.value.saturating_sub(*issued);
            (&item.told, item.in_told_unit(*issued), item.in_told_unit(left))
        })
    }

    /// Amounts issued of it, in words: `30 件, 5 箱`.
    pub fn issued(&self) -> String {
        let issued = self.lines().filter(|(_, issued, _)| !issued.is_zero());
        issued.map(|(item, issued, _)| format!("{issued} {}", item.quantity_unit)).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::supply::commodities::built_in;

    fn item(item: &str, commodity: Option<&str>, quantity: &str, unit: &str) -> Measured {
        let told = StockItem {
            item: item.to_owned(),
            commodity: commodity.map(str::to_owned),
            quantity: quantity.parse().unwrap(),
            quantity_unit: unit.to_owned(),
            value_cny: None,
        };
        Measured::of(told, commodity.and_then(built_in))
    }

    #[test]
    fn what_is_left_counts_down_in_whatever_unit_it_is_taken() {
        let (milk, rice) = (Some("milk_uht_250ml"), Some("grain_rice_indica"));
        let mut account = Account::of([
            item("牛奶", milk, "10", "箱(24盒)"),
            item("大米", rice, "1", "吨"),
            item("面包", None, "5", "箱"),
        ]);
        assert_eq!(account.take(&item("牛奶", milk, "48", "盒")), Ok(()));
        assert_eq!(account.take(&item("纯牛奶", milk, "1", "箱(24盒)")), Ok(()), "the only one of its commodity");
        assert_eq!(account.take(&item("大米", rice, "501", "公斤")), Ok(()));
        let exhausted = Refusal::Exhausted("0.499".parse().unwrap(), "吨".to_owned());
        assert_eq!(account.take(&item("大米", rice, "500", "公斤")), Err(exhausted));
        for other in [
            item("牛奶", None, "1", "盒"),
            item("牛奶", rice, "1", "斤"),
            item("面包", None, "1", "个"),
            item("面包", milk, "1", "盒"),
            item("饼干", None, "1", "箱"),
        ] {
            assert_eq!(account.take(&other), Err(Refusal::NotOfIt), "{other:?}");
        }
        assert_eq!(account.issued(), "3 箱(24盒), 0.501 吨");
        let left: Vec<String> = account.lines().map(|(_, _, left)| left.to_string()).collect();
        assert_eq!(left, ["7", "0.499", "5"]);
    }

    #[test]
    fn of_two_items_of_one_commodity_the_name_decides() {
        let noodles = Some("instant_noodles");
        let mut account =
            Account::of([item("甲牌方便面", noodles, "10", "袋"), item("乙牌方便面", noodles, "5", "袋")]);
        assert_eq!(account.take(&item("方便面", noodles, "1", "袋")), Err(Refusal::NotOfIt));
        let exhausted = Refusal::Exhausted(Decimal::from(5), "袋".to_owned());
        assert_eq!(account.take(&item("乙牌方便面", noodles, "6", "袋")), Err(exhausted));
        assert_eq!(account.take(&item("甲牌方便面", noodles, "10", "袋")), Ok(()));
    }
}
