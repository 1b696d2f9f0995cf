//! Errands (代购): what somebody who can't go out asked for, until it was delivered. `nothing_needed` is an
//! answer too: who asked and heard "nothing" has done the day's check.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::care::CareRules;
use crate::platform::access::Role;
use crate::records::figure::{TIMES, YUAN};
use crate::records::{Definition, Figure, Kind, Logged};

words! {
    /// How it stands.
    pub ErrandState "errand_state" "State" "状态" {
        NothingNeeded "nothing_needed" "nothing needed" "无需求";
        Asked "asked" "asked" "已提出";
        Bought "bought" "bought" "已购买";
        Delivered "delivered" "delivered" "已送达";
    }
}

fields! {
    /// The fields of an errand, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.required().on_create();
    STATE: ErrandState = Field::new(
        "state",
        Shape::Word(ErrandState::VOCABULARY),
        Text::new("State", "状态"),
        "How far it is; `asked` by default.",
    );
    ITEMS: Vec<String> = Field::new(
        "items",
        Shape::List { of: &free_text(100), max: 50 },
        Text::new("Items", "物品"),
        "What was asked for.",
    )
    .sealed();
    COST_CNY: Decimal = Field::new(
        "cost_cny",
        Shape::Decimal { scale: 2, min: "0", max: "100000" },
        Text::new("Cost (CNY)", "费用(元)"),
        "What it cost, in yuan.",
    );
    DELIVERED_AT: DateTime<Utc> = Field::new(
        "delivered_at",
        Shape::Instant,
        Text::new("Delivered at", "送达时间"),
        "When it was handed over; the time of the write by default.",
    )
    .happened();
}

/// The kind.
pub static ERRANDS: Kind = Kind::of(Definition {
    name: "errands",
    path: "errands",
    schema: "Errand",
    label: Text::new("Errand", "代购代办"),
    about: "An errand for somebody under observation at home.",
    fields: FIELDS,
    filters: &["case_id", "state"],
    readers: super::CARERS,
    writers: &[Role::DistrictAdmin, Role::GridWorker, Role::TownCadre, Role::VillageCadre, Role::GroupCadre],
    rules: &ERRAND_RULES,
    warnings: &[&super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/errands/create.json"),
    ..Definition::FIELD_RECORD
});

const ASKED_FOR: Figure = Figure::new("errands", Text::new("Errands", "代办"), TIMES);
const COST: Figure = Figure::new("cost_cny", Text::new("Cost", "代办金额"), YUAN).scaled("cost_fen", 2);

static ERRAND_RULES: CareRules = CareRules::new(&[ASKED_FOR, COST])
    .logging(&[Logged { counted: "deliveries", amount: "CASE WHEN r.state = 'delivered' THEN 1 ELSE 0 END" }])
    .judging(|draft, context| {
        if draft.values.get(&STATE).is_none() {
            draft.values.set(&STATE, ErrandState::Asked);
        }
        if draft.values.get(&STATE) == Some(ErrandState::Delivered) && draft.values.get(&DELIVERED_AT).is_none() {
            // Noted once: when it was first told that it was delivered.
            let noted = draft.former.get(&DELIVERED_AT);
            draft.values.set(&DELIVERED_AT, noted.unwrap_or(context.now));
        }
    })
    .measuring(|record| {
        let cost_fen = record.values.get(&COST_CNY).and_then(|cost| (cost * Decimal::from(100)).to_i64());
        vec![COST.measured(cost_fen.unwrap_or_default())]
    });
