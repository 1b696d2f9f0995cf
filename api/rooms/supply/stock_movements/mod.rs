//! Stock movements (出入库) of warehouses and stores, and the balances that follow from them. No day's balance is
//! ever below zero, whatever is written at once, comes late, is amended or voided.

mod balance;
mod stocks;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::value::{Value, Values, scaled};
use kit::vocabulary::{Vocabulary, word};
use ledger::decide::Decider;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use self::balance::StockDecider;
pub use self::stocks::operations;
use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Measure, Narrowed, Reach, Record, Rules};
use crate::rooms::supply::commodities::{
    COMMODITIES, COMMODITY_FIELD, NORMAL, QUANTITY, SUPPLY_READERS, UNIT, normal_quantity_of,
};
use crate::rooms::supply::supply_reports::of_own_store;

static DIRECTION: Vocabulary = Vocabulary::new(
    "stock_direction",
    Text::new("Direction", "方向"),
    &[word("in", "in", "入库"), word("out", "out", "出库")],
);
static REASON: Vocabulary = Vocabulary::new(
    "stock_reason",
    Text::new("Reason", "事由"),
    &[
        word("purchase", "purchase", "采购"),
        word("opening", "opening balance", "期初结存"),
        word("donation", "donation", "捐赠"),
        word("sale", "sale", "销售"),
        word("distribution", "distribution", "发放"),
        word("transfer", "transfer to or from another place", "调拨"),
        word("loss", "loss", "损耗"),
        word("correction", "stock-taking", "盘点调整"),
    ],
);

static FIELDS: &[Field] = &[
    Field::new("place_id", Shape::Reference("places"), Text::new("Place", "仓库"), "Whose stock.")
        .required()
        .on_create()
        .also(&["场所", "门店"]),
    COMMODITY_FIELD.required().on_create(),
    Field::new("direction", Shape::Word(&DIRECTION), Text::new("Direction", "方向"), "In or out.").required(),
    Field::new("quantity", QUANTITY, Text::new("Quantity", "数量"), "How much, as it was told.").required(),
    Field::new("quantity_unit", UNIT, Text::new("Unit", "数量单位"), "Of what: 吨, 件.").required().also(&["单位"]),
    Field::new("reason", Shape::Word(&REASON), Text::new("Reason", "事由"), "Why."),
    Field::new(
        "counterpart",
        free_text(100),
        Text::new("Counterpart", "往来单位"),
        "From or to whom: a firm, a place. Encrypted at rest.",
    )
    .sealed_since(),
    Field::new(
        "quantity_normalized",
        NORMAL,
        Text::new("Quantity, normalised", "折算数量"),
        "The same in `normalized_unit`.",
    )
    .required()
    .derived(),
    Field::new(
        "normalized_unit",
        UNIT,
        Text::new("Normalised unit", "折算单位"),
        "The unit of the commodity's quantities.",
    )
    .required()
    .derived(),
];

/// The kind.
pub static STOCK_MOVEMENTS: Definition = Definition {
    name: "stock_movements",
    path: "stock-movements",
    schema: "StockMovement",
    label: Text::new("Stock movement", "出入库记录"),
    about: "Something that came into a stock or left it.",
    fields: FIELDS,
    filters: &["place_id", "commodity", "direction", "reason"],
    slow_changing: false,
    reached_by_lookup: false,
    reach: Reach::Area,
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::StoreReporter],
    rules: &StockMovementRules,
    warnings: &[],
    example: include_str!("../../../../openapi/examples/stock_movements/create.json"),
    sequence: 1,
};

/// The measure of a commodity's balance, in millionths of its unit: what the rollups of a day add up to.
static MEASURES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let leaked = |code: &str| &*Box::leak(format!("{BALANCE}{code}").into_boxed_str());
    COMMODITIES.iter().map(|commodity| (commodity.word.code, leaked(commodity.word.code))).collect()
});
/// Prefix of the names of those measures.
pub const BALANCE: &str = "net_millionths.";

/// Amount that a movement adds to its balance, in millionths of the commodity's unit; negative where goods go out.
fn millionths(values: &Values) -> i64 {
    let quantity = values.decimal("quantity_normalized").unwrap_or_default();
    let amount = (quantity * Decimal::from(1_000_000)).to_i64().unwrap_or_default();
    if values.text("direction") == Some("out") { -amount } else { amount }
}

/// Millionths as a quantity.
pub fn quantity(millionths: i128) -> Decimal {
    scaled(millionths, 6).normalize()
}

struct StockMovementRules;

/// Figures of stock movements that statistics show.
static FIGURES: &[Figure] = &[Figure::new("stock_movements", Text::new("Stock movements", "出入库"), TIMES).open()];

impl Rules for StockMovementRules {
    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        of_own_store(role)
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        if let Some(normal) = normal_quantity_of(draft, faults) {
            draft.values.set("quantity_normalized", Value::Decimal(normal.value));
            draft.values.set("normalized_unit", Value::Text(normal.unit));
        }
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(Arc::new(StockDecider(Arc::clone(write_context))))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let measure = record.values.text("commodity").and_then(|code| MEASURES.get(code));
        let balance = measure.map(|measure| (*measure, millionths(&record.values)));
        [("stock_movements", 1)].into_iter().chain(balance).collect()
    }
}
