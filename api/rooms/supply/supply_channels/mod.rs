//! Supply channels (货源渠道): who can deliver what to a store, and how much a day.

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::records::{Context, Definition, Draft, Kind, Measure, Record, Rules};
use crate::rooms::registers::require_venue;
use crate::rooms::supply::commodities::{self, NORMAL, SUPPLY_READERS, UNIT, normal_quantity_of};

fields! {
    /// The fields of a channel, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Store", "门店"), "Which store it supplies.").brings_area(1)
        .required()
        .also(&["场所"]);
    SUPPLIER: String = Field::new("supplier", free_text(100), Text::new("Supplier", "供货方"), "The firm or the base that supplies.")
        .required();
    ORIGIN: String = Field::new("origin", free_text(100), Text::new("Origin", "产地"), "Where the goods come from.");
    COMMODITY: String = commodities::COMMODITY.field.required();
    QUANTITY: Decimal = Field::new("quantity", commodities::QUANTITY, Text::new("Daily capacity", "日供应量"), "How much a day.").required();
    QUANTITY_UNIT: String = Field::new("quantity_unit", UNIT, Text::new("Unit", "数量单位"), "Of what.").required();
    ACTIVE: bool = Field::new("active", Shape::Boolean, Text::new("Active", "在用"), "Whether it delivers now; yes by default.");
    QUANTITY_NORMALIZED: Decimal = Field::new(
        "quantity_normalized",
        NORMAL,
        Text::new("Daily capacity, normalised", "折算日供应量"),
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
}

/// The kind.
pub static SUPPLY_CHANNELS: Kind = Kind::of(Definition {
    name: "supply_channels",
    path: "supply-channels",
    schema: "SupplyChannel",
    label: Text::new("Supply channel", "货源渠道"),
    about: "Who can deliver what to a store, and how much a day.",
    fields: FIELDS,
    filters: &[PLACE_ID.name(), COMMODITY.name(), ACTIVE.name()],
    readers: SUPPLY_READERS,
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::StoreReporter],
    rules: &SupplyChannelRules,
    example: include_str!("../../../../openapi/examples/supply_channels/create.json"),
    ..Definition::FIELD_RECORD
});

struct SupplyChannelRules;

impl Rules for SupplyChannelRules {
    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        if let Some(normal) = normal_quantity_of(draft, context, context.told_on(), (&QUANTITY, &QUANTITY_UNIT), faults)
        {
            draft.values.set(&QUANTITY_NORMALIZED, normal.value);
            draft.values.set(&NORMALIZED_UNIT, normal.unit);
        }
        if draft.values.get(&ACTIVE).is_none() {
            draft.values.set(&ACTIVE, true);
        }
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_venue(draft, faults);
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const KEY: &[&str] = &[PLACE_ID.name(), SUPPLIER.name(), COMMODITY.name()];
        KEY
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("supply_channels", 1)]
    }
}
