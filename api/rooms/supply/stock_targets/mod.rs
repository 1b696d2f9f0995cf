//! Stock targets (储备目标) of a season: so much of these commodities should be there. How far each is met stands
//! with the stocks: [`crate::rooms::supply::stock_movements`].

use chrono::NaiveDate;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use rust_decimal::Decimal;

use crate::platform::access::Role;
use crate::platform::codes::INVALID_ORDER;
use crate::records::{Context, Definition, Draft, Kind, Measure, Record, Rules};
use crate::rooms::supply::commodities::{
    self, COMMODITY_ITEM, NORMAL, SUPPLY_READERS, UNIT, add_unknown_unit, normal_told,
};

fields! {
    /// The fields of a target, beside the envelope's.
    pub static FIELDS;
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "What people call it: 春耕化肥储备.").required();
    COMMODITIES: Vec<String> = Field::new(
        "commodities",
        Shape::List { of: COMMODITY_ITEM, max: 60 },
        Text::new("Commodities", "商品"),
        "Which count for it, together.",
    )
    .required()
    .not_empty();
    QUANTITY: Decimal = Field::new("quantity", commodities::QUANTITY, Text::new("Quantity", "数量"), "How much should be there.").required();
    QUANTITY_UNIT: String = Field::new("quantity_unit", UNIT, Text::new("Unit", "数量单位"), "Of what: 吨, 件.").required();
    STARTS_ON: NaiveDate = Field::new("starts_on", Shape::Day, Text::new("Starts on", "开始日期"), "From which day on.").required();
    ENDS_ON: NaiveDate = Field::new("ends_on", Shape::Day, Text::new("Ends on", "结束日期"), "Until which day, itself included.").any_day();
    QUANTITY_NORMALIZED: Decimal = Field::new(
        "quantity_normalized",
        NORMAL,
        Text::new("Quantity, normalised", "折算数量"),
        "The same in `normalized_unit`.",
    )
    .required()
    .derived();
    NORMALIZED_UNIT: String = Field::new("normalized_unit", UNIT, Text::new("Normalised unit", "折算单位"), "The unit of the commodities.")
        .required()
        .derived();
}

/// The kind.
pub static STOCK_TARGETS: Kind = Kind::of(Definition {
    name: "stock_targets",
    path: "stock-targets",
    schema: "StockTarget",
    label: Text::new("Stock target", "储备目标"),
    about: "How much of some commodities should be there in the record's area.",
    fields: FIELDS,
    filters: &[],
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin],
    rules: &StockTargetRules,
    example: include_str!("../../../../openapi/examples/stock_targets/create.json"),
    ..Definition::FIELD_RECORD
});

struct StockTargetRules;

impl Rules for StockTargetRules {
    /// The supervising bureau's: what it says hits competitors, too.
    fn judges_others(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let values = &draft.values;
        if values.get(&ENDS_ON).zip(values.get(&STARTS_ON)).is_some_and(|(ends_on, starts_on)| ends_on < starts_on) {
            faults.add_with(draft.at(&ENDS_ON), INVALID_ORDER, vec![("other", STARTS_ON.to_string())]);
        }
        let starts_on = values.get(&STARTS_ON).unwrap_or(context.told_on());
        let found = values.list(&COMMODITIES).filter_map(|code| context.commodity(&code, starts_on));
        let commodities: Vec<_> = found.collect();
        let Some(first) = commodities.as_slice().first().copied() else { return };
        let normal = normal_told(draft, first, (&QUANTITY, &QUANTITY_UNIT), faults);
        // Quantities told in different units can't be added up.
        let other = commodities.iter().find(|commodity| commodity.quantity_unit != first.quantity_unit);
        match (normal, other) {
            (Some(normal), None) => {
                draft.values.set(&QUANTITY_NORMALIZED, normal.value);
                draft.values.set(&NORMALIZED_UNIT, normal.unit);
            }
            (None, _) => {}
            (_, Some(other)) => add_unknown_unit(draft.at(&COMMODITIES), other, false, faults),
        }
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("stock_targets", 1)]
    }
}
