//! Conditions on passages beside their columns, and the vehicles among them: a vehicle's passage (辆次) is one a plate
//! and pass group, else one a plate and passage, however many people sat in it.

use std::sync::LazyLock;

use kit::columns;
use kit::field::{Field, Shape};
use kit::statement::Statement;
use kit::text::Text;
use kit::value::Value;
use uuid::Uuid;

use super::wire::{PASS_GROUP_ID, PersonKind, VEHICLE};
use crate::platform::privacy::blind::{derived_id, telling_apart};
use crate::platform::privacy::keys::Keys;
use crate::records::Record;
use crate::records::conditions::{Condition, ConditionContext};
use crate::rooms::registers::{PersonCategory, of_whoever_passed};

columns! {
    PLATE_BLIND_INDEX "plate_blind_index": Box<[u8]>;
}

/// Under which name they are kept.
pub const KEPT_AS: &str = "screenings.vehicles";
/// A row's vehicle as SQL; without a plate none.
pub static OF_ROW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "CASE WHEN r.plate_blind_index IS NOT NULL THEN ({}, coalesce(r.pass_group_id, r.id)) END",
        telling_apart("r.plate_blind_index")
    )
});

static HAS_VEHICLE: Field = Field::new(
    "has_vehicle",
    Shape::Boolean,
    Text::new("With a vehicle", "有车辆"),
    "`true`: with a plate; `false`: without. Which plate is asked by `:search` only.",
);
static CATEGORY: Field = Field::new(
    "category",
    Shape::Word(PersonCategory::VOCABULARY),
    Text::new("Category", "人员类别"),
    "Of people who were in this category when they passed.",
);
static OF_KIND: Field = Field::new(
    "person_kind",
    Shape::Word(PersonKind::VOCABULARY),
    Text::new("Kind of person", "人员类型"),
    "Only those who passed in this capacity.",
);

/// Conditions of lists.
pub static CONDITIONS: &[Condition] = &[
    Condition { parameter: &HAS_VEHICLE, apply: with_vehicle },
    Condition { parameter: &CATEGORY, apply: of_whoever_passed },
];
/// Conditions of figures.
pub static NARROWED_BY: &[Condition] = &[
    Condition { parameter: &HAS_VEHICLE, apply: with_vehicle },
    Condition { parameter: &CATEGORY, apply: of_whoever_passed },
    Condition { parameter: &OF_KIND, apply: of_person_kind },
];

fn with_vehicle(statement: Statement, value: &Value, _asking: &ConditionContext<'_>) -> Statement {
    let negated = if *value == Value::Boolean(true) { "NOT " } else { "" };
    statement.sql(format!(" AND r.plate_blind_index IS {negated}NULL"))
}

fn of_person_kind(statement: Statement, value: &Value, _asking: &ConditionContext<'_>) -> Statement {
    match value {
        Value::Text(code) => statement.sql(" AND r.person_kind = ").text(code),
        _ => statement,
    }
}

/// Stand-in of the plate's blind index once a record is purged: the vehicle's passage, so that it counts as before.
pub fn left_of(record: &Record, keys: &Keys) -> Vec<Value> {
    vec![of_record(record, keys).map_or(Value::Null, |vehicle| Value::Bytes(vehicle.as_bytes().to_vec()))]
}

/// The vehicle that a plate names in a district: the same whichever key its index is under.
pub fn of_plate(keys: &Keys, district_code: &str, plate: &str) -> Uuid {
    derived_id(&keys.identity, &["plate", district_code, plate])
}

/// The vehicle's passage that a record belongs to. By the permanent key: the same whenever it is counted again, and no
/// way back to the plate.
pub fn of_record(record: &Record, keys: &Keys) -> Option<Uuid> {
    if record.envelope.purged_at.is_some() {
        return record.values.get(&PLATE_BLIND_INDEX).and_then(|left| Uuid::from_slice(left).ok());
    }
    let plate = record.values.get(&VEHICLE)?.plate_number?;
    let pass = record.values.get(&PASS_GROUP_ID).unwrap_or(record.envelope.id);
    Some(derived_id(&keys.identity, &["vehicle", &record.envelope.district_code, &plate, &pass.to_string()]))
}
