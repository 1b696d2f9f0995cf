//! Goods of donations and issues: their items, and how much of a donation is left.

mod account;
mod decider;
mod recipients;

use std::collections::BTreeSet;

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::statement::Statement;
use kit::text::Text;
use kit::time::day_of;
use kit::tree::Tree;
use kit::value::{Value, Values};
use rust_decimal::Decimal;

pub use self::account::{Account, Measured};
pub use self::decider::{
    DESIGNATED_ORG_ID, DESIGNATED_PLACE_ID, DONATION_ID, GoodsDecider, RECIPIENT_ORG_ID, RECIPIENT_PLACE_ID,
    RECIPIENT_TEAM_ID,
};
use crate::platform::access::Role;
use crate::records::conditions::{Condition, ConditionContext};
use crate::records::{Context, Draft, SheetRow};
use crate::rooms::supply::commodities::{COMMODITIES, Commodity, add_unknown_unit};
use crate::rooms::supply::stock_movements::fen;
use crate::rooms::supply::stock_movements::sources::{ITEMS, StockSource};

/// Roles that receive goods and hand them out.
pub const KEEPERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre];
/// Roles that see it.
pub const GOODS_READERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::VillageCadre, Role::GridWorker];

const COMMODITY: Field = Field::new(
    "commodity",
    Shape::Text { min: 1, max: 40, pattern: Some("[a-z0-9_]+") },
    Text::new("Commodity", "商品"),
    "Those with an item that is this commodity, by its code.",
);

/// The condition by a commodity among the items.
pub const OF_COMMODITY: Condition = Condition { parameter: &COMMODITY, apply: of_commodity };

const ITEM: Field = Field::new(
    "item",
    Shape::Text { min: 1, max: 60, pattern: None },
    Text::new("Item", "物品"),
    "Those with an item that is called so.",
);
/// The condition by the name of an item.
pub const OF_ITEM: Condition = Condition { parameter: &ITEM, apply: of_item };

fn of_item(statement: Statement, value: &Value, _asking: &ConditionContext<'_>) -> Statement {
    let Value::Text(name) = value else { return statement };
    statement.sql(" AND r.items @> jsonb_build_array(jsonb_build_object('item', ").text(name).sql("::text))")
}

fn of_commodity(statement: Statement, value: &Value, _asking: &ConditionContext<'_>) -> Statement {
    let Value::Text(code) = value else { return statement };
    statement.sql(" AND r.items @> jsonb_build_array(jsonb_build_object('commodity', ").text(code).sql("::text))")
}

/// Each item once; a commodity in a unit that can be converted.
pub fn check_items(source: StockSource, draft: &Draft, context: &Context<'_>, faults: &mut Faults) {
    let mut names = BTreeSet::new();
    let day = day_of(source.at(&draft.values, context.zone, context.told_at), context.zone);
    for (index, item) in draft.values.list(&ITEMS).enumerate() {
        let commodity = item.commodity.as_deref().and_then(|code| context.commodity(code, day));
        if let Some(commodity) = commodity {
            check_quantity(draft, commodity, (index, item.quantity, &item.quantity_unit), faults);
        }
        if !names.insert(item.item) {
            faults.add(draft.at_item(&ITEMS, index, "item"), FaultCode::REPEATED_ITEM);
        }
    }
}

fn check_quantity(
    draft: &Draft,
    commodity: &Commodity,
    (index, quantity, unit): (usize, Decimal, &str),
    faults: &mut Faults,
) {
    if commodity.normal_quantity(Decimal::ONE, unit).is_none() {
        add_unknown_unit(draft.at_item(&ITEMS, index, "quantity_unit"), commodity, false, faults);
    } else if commodity.normal_quantity(quantity, unit).is_none_or(|normal| normal.value.is_zero()) {
        let bounds = vec![("min", "0.000001".to_owned()), ("max", format!("1000000000 {}", commodity.quantity_unit))];
        faults.add_with(draft.at_item(&ITEMS, index, "quantity"), FaultCode::OUT_OF_RANGE, bounds);
    }
}

/// Items of a sheet that are called as a commodity of the catalogue are, and told in a unit of it, are kept in stock.
pub fn tidy_items(row: &mut SheetRow<'_>) {
    let Tree::Object(members) = &mut *row.body else { return };
    let lists = members.iter_mut().filter(|(name, _)| name == ITEMS.name());
    let items = lists.filter_map(|(_, list)| if let Tree::List(items) = list { Some(items) } else { None }).flatten();
    for item in items {
        let (Some(name), Some(unit)) = (text_of(item, "item"), text_of(item, "quantity_unit")) else { continue };
        let known = COMMODITIES.iter().find(|commodity| is_called(commodity, &name));
        let known = known.filter(|commodity| commodity.normal_quantity(Decimal::ONE, &unit).is_some());
        if let (Some(commodity), Tree::Object(members)) = (known, item)
            && members.iter().all(|(member, _)| member != "commodity")
        {
            members.push(("commodity".to_owned(), Tree::Text(commodity.code.clone().into_owned())));
        }
    }
}

fn text_of(item: &Tree, member: &str) -> Option<String> {
    match item.member(member) {
        Some(Tree::Text(text)) => Some(text.trim().to_owned()),
        _ => None,
    }
}

fn is_called(commodity: &Commodity, name: &str) -> bool {
    commodity.name_zh == name || commodity.also.iter().any(|known| known == name)
}

/// Value of all items together, in fen.
pub fn value_fen(values: &Values) -> i64 {
    values.list(&ITEMS).filter_map(|item| item.value_cny.and_then(fen)).sum()
}
