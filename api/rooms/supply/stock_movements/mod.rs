//! Stock movements (出入库) of warehouses and stores, and the balances that follow from them. No day's balance is
//! ever below zero, whatever is written at once, comes late, is amended or voided.

mod balance;
mod cards;
mod made;
pub mod sources;
mod stock_cards;
mod stocks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::day_of;
use kit::value::{Values, scaled};
use kit::{columns, fields, words};
use ledger::decide::Decider;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

pub use self::balance::StockDecider;
use self::sources::{MONEY, StockSource};
use crate::platform::access::Role;
use crate::platform::http::Operation;
use crate::records::figure::{TIMES, YUAN};
use crate::records::write_context::WriteContext;
use crate::records::{
    Context, Definition, Draft, Figure, Kind, Measure, Narrowed, Record, Rules, SheetRow, Wide, envelope,
};
use crate::rooms::supply::commodities::{self, NORMAL, SUPPLY_READERS, UNIT, normal_quantity_of};
use crate::rooms::supply::supply_reports::of_own_store;

words! {
    /// Direction of a movement of stock.
    pub StockDirection "stock_direction" "Direction" "方向" {
        In "in" "in" "入库";
        Out "out" "out" "出库";
    }
}
words! {
    /// Reason for which goods came or went.
    pub StockReason "stock_reason" "Reason" "事由" {
        Purchase "purchase" "purchase" "采购";
        Opening "opening" "opening balance" "期初结存";
        Donation "donation" "donation" "捐赠";
        Sale "sale" "sale" "销售";
        Distribution "distribution" "distribution" "发放";
        Transfer "transfer" "transfer to or from another place" "调拨";
        Loss "loss" "loss" "损耗";
        Correction "correction" "stock-taking" "盘点调整";
    }
}

fields! {
    /// The fields of a movement, beside the envelope's.
    pub static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "仓库"), "Whose stock.").brings_area(1)
        .required()
        .on_create()
        .also(&["场所", "门店", "仓库名称", "库房"]);
    COMMODITY: String = commodities::COMMODITY.field.required().on_create();
    DIRECTION: StockDirection = Field::new("direction", Shape::Word(StockDirection::VOCABULARY), Text::new("Direction", "方向"), "In or out.").also(&["入/出", "出入库", "收发", "出/入"])
        .required();
    QUANTITY: Decimal = Field::new("quantity", commodities::QUANTITY, Text::new("Quantity", "数量"), "How much, as it was told.").required();
    QUANTITY_UNIT: String = Field::new("quantity_unit", UNIT, Text::new("Unit", "数量单位"), "Of what: 吨, 件.").required().also(&["单位"]);
    REASON: StockReason = Field::new("reason", Shape::Word(StockReason::VOCABULARY), Text::new("Reason", "事由"), "Why.");
    COUNTERPART: String = Field::new(
        "counterpart",
        free_text(100),
        Text::new("Counterpart", "往来单位"),
        "From or to whom: a firm, a place. Encrypted at rest.",
    )
    .sealed_since();
    QUANTITY_NORMALIZED: Decimal = Field::new(
        "quantity_normalized",
        NORMAL,
        Text::new("Quantity, normalised", "折算数量"),
        "The same in `normalized_unit`.",
    )
    .required()
    .derived();
    NORMALIZED_UNIT: String = Field::new(
        "normalized_unit",
        UNIT,
        Text::new("Normalised unit", "折算单位"),
        "The unit of the commodity's quantities.",
    )
    .required()
    .derived();
    COST_CNY: Decimal = Field::new(
        "cost_cny",
        MONEY,
        Text::new("Cost", "金额"),
        "Of a purchase: what all of it cost, in yuan.",
    )
    .also(&["金额(元)", "采购金额", "采购金额(元)", "总价", "总价(元)", "费用"]);
    SOURCE_KIND: StockSource = Field::new(
        "source_kind",
        Shape::Word(StockSource::VOCABULARY),
        Text::new("Made by", "来源单据"),
        "The kind of record that made it; then that one is amended and voided, and this goes with it.",
    )
    .by_server();
    SOURCE_ID: Uuid = Field::new("source_id", Shape::Id, Text::new("Made by (id)", "来源单据编号"), "Which one made it.").by_server();
}

/// The kind.
pub static STOCK_MOVEMENTS: Kind = Kind::of(Definition {
    name: "stock_movements",
    path: "stock-movements",
    schema: "StockMovement",
    label: Text::new("Stock movement", "出入库记录"),
    about: "Something that came into a stock or left it.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), COMMODITY.name(), DIRECTION.name(), REASON.name()],
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::StoreReporter],
    rules: &StockMovementRules,
    example: include_str!("../../../../openapi/examples/stock_movements/create.json"),
    ..Definition::FIELD_RECORD
});

/// The measure of a commodity's balance, in millionths of its unit: what the rollups of a day add up to. A name lives
/// as long as the process: there are as many as commodities that goods were ever kept of.
fn measure_of(code: &str) -> &'static str {
    static NAMES: Mutex<BTreeMap<String, &'static str>> = Mutex::new(BTreeMap::new());
    let mut names = NAMES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    names.entry(code.to_owned()).or_insert_with(|| Box::leak(format!("{BALANCE}{code}").into_boxed_str()))
}

/// Prefix of the names of those measures.
pub const BALANCE: &str = "net_millionths.";

/// Amount that a movement adds to its balance, in millionths of the commodity's unit; negative where goods go out.
fn millionths(values: &Values) -> Option<i64> {
    let amount = values.get(&QUANTITY_NORMALIZED)?.checked_mul(Decimal::from(1_000_000))?.to_i64()?;
    Some(match values.get(&DIRECTION)? {
        StockDirection::In => amount,
        StockDirection::Out => -amount,
    })
}

/// Millionths as a quantity.
pub fn quantity(millionths: i128) -> Decimal {
    scaled(millionths, 6).normalize()
}

columns! {
    /// Day of a rollup.
    ON_DAY "on_day": NaiveDate;
    /// Measure that is summed.
    MEASURE "measure": String;
    /// Sum of a measure, a whole number of any size.
    TOTAL "total": i128;
}

struct StockMovementRules;

/// Figures of stock movements that statistics show.
static FIGURES: &[Figure] = &[MOVEMENTS, PURCHASE_COST];

const MOVEMENTS: Figure = Figure::new("stock_movements", Text::new("Stock movements", "出入库"), TIMES).open();
const PURCHASE_COST: Figure = Figure::new("purchase_cost_cny", Text::new("Spent on purchases", "采购金额"), YUAN)
    .scaled("purchase_cost_fen", 2)
    .listed("reason=purchase&direction=in")
    .open();

impl Rules for StockMovementRules {
    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        of_own_store(role)
    }

    fn sheet_fields(&self) -> &'static [Field] {
        cards::SHEET_FIELDS
    }

    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        cards::tidy(row);
    }

    fn wide(&self) -> Option<&'static Wide> {
        Some(&cards::CARDS)
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let occurred_at = draft.values.get(&envelope::OCCURRED_AT).unwrap_or(context.told_at);
        let day = day_of(occurred_at, context.zone);
        if let Some(normal) = normal_quantity_of(draft, context, day, (&QUANTITY, &QUANTITY_UNIT), faults) {
            draft.values.set(&QUANTITY_NORMALIZED, normal.value);
            draft.values.set(&NORMALIZED_UNIT, normal.unit);
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
        let code = record.values.get(&COMMODITY);
        let balance = code.and_then(|code| Some((measure_of(code), millionths(&record.values)?)));
        let values = &record.values;
        let bought =
            values.get(&REASON) == Some(StockReason::Purchase) && values.get(&DIRECTION) == Some(StockDirection::In);
        let cost = values.get(&COST_CNY).filter(|_| bought).and_then(fen).map(|fen| PURCHASE_COST.measured(fen));
        [MOVEMENTS.measured(1)].into_iter().chain(balance).chain(cost).collect()
    }
}

/// Yuan in fen, as figures add them up.
pub fn fen(yuan: Decimal) -> Option<i64> {
    yuan.checked_mul(Decimal::ONE_HUNDRED)?.to_i64()
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    [stocks::operations(), stock_cards::operations()].into_iter().flatten().collect()
}
