//! Temperature readings (测温): two a day of everybody under observation, one of other returnees. One a slot;
//! a second of the same slot is kept as `extra`.

use kit::words;
use std::sync::Arc;

use chrono::{Days, Timelike};
use kit::catalogue::FaultCode;
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::value::Value;
use ledger::decide::Decider;
use uuid::Uuid;

use super::CASE_ID;
use super::care::{CareDecider, check_symptoms};
use crate::platform::access::Role;
use crate::records::figure::PERSON_TIMES;
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning};
use crate::rooms::checkpoints::screenings::{IMPLAUSIBLE_TEMPERATURE, MeasureSite, MeasuringDevice, Symptom};
use crate::rooms::duties::follow_up::FollowUpDecider;

words! {
    /// Slot.
    pub TemperatureSlot "temperature_slot" "Slot" "时段" {
        Am "am" "morning" "上午";
        Pm "pm" "afternoon" "下午";
        Extra "extra" "extra" "加测";
    }
}
static RETEST_NEEDED: Warning = Warning {
    code: "retest_needed",
    message: Text::new(
        "abnormal: measure again within the hour with another thermometer",
        "体温异常,请在一小时内换体温计复测",
    ),
};
static SLOT_TAKEN: Warning = Warning {
    code: "slot_taken",
    message: Text::new("this slot has its reading already; kept as extra", "该时段已有测温记录,已记为加测"),
};
/// An afternoon's reading taken after midnight still belongs to the day before, until this hour.
const NIGHT_ENDS_HOUR: u32 = 4;

static FIELDS: &[Field] = &[
    CASE_ID.on_create(),
    Field::new(
        "person_id",
        Shape::Reference("people"),
        Text::new("Person id", "人员编号"),
        "For somebody who is not under observation; of a case it is the case's.",
    )
    .on_create(),
    Field::new(
        "temperature_c",
        Shape::Decimal { scale: 1, min: "32.0", max: "43.0" },
        Text::new("Temperature (℃)", "体温(℃)"),
        "Body temperature in degrees Celsius.",
    )
    .required()
    .also(&["体温", "温度"]),
    Field::new(
        "slot",
        Shape::Word(TemperatureSlot::VOCABULARY),
        Text::new("Slot", "时段"),
        "By the time of day where absent; of a retest `extra`.",
    )
    .also(&["时间段", "测量时段", "早晚"]),
    Field::new(
        "measure_site",
        Shape::Word(MeasureSite::VOCABULARY),
        Text::new("Where measured", "测温部位"),
        "Where it was measured.",
    ),
    Field::new("device", Shape::Word(MeasuringDevice::VOCABULARY), Text::new("Device", "测温设备"), "With what."),
    Field::new("home_visit", Shape::Boolean, Text::new("Home visit", "上门测量"), "Whether somebody came to measure."),
    Field::new(
        "retest_of",
        Shape::Reference("temperature_readings"),
        Text::new("Retest of", "复测对应"),
        "The reading that this one repeats.",
    )
    .on_create(),
    Field::new(
        "symptoms",
        Shape::List { of: &Shape::Word(Symptom::VOCABULARY), max: 14 },
        Text::new("Symptoms", "症状"),
        "What the person complains of.",
    ),
    Field::new("slot_on", Shape::Day, Text::new("Day of the slot", "所属日期"), "To which day it belongs.")
        .required()
        .derived(),
    Field::new("fever", Shape::Boolean, Text::new("Fever", "发热"), "Whether it reaches the threshold in force.")
        .required()
        .derived(),
    Field::new(
        "needs_retest",
        Shape::Boolean,
        Text::new("Needs a retest", "需复测"),
        "A fever at first measurement, or an implausibly low value.",
    )
    .required()
    .derived(),
];

/// The kind.
pub static TEMPERATURE_READINGS: Kind = Kind::of(Definition {
    name: "temperature_readings",
    path: "temperature-readings",
    schema: "TemperatureReading",
    label: Text::new("Temperature reading", "测温记录"),
    about: "A temperature of somebody under observation at home, or of another returnee.",
    fields: FIELDS,
    filters: &["case_id", "person_id", "slot", "fever", "slot_on"],
    readers: super::CARERS,
    writers: &[
        Role::DistrictAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
    ],
    rules: &ReadingRules,
    warnings: &[&IMPLAUSIBLE_TEMPERATURE, &RETEST_NEEDED, &SLOT_TAKEN, &super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/temperature_readings/create.json"),
    ..Definition::FIELD_RECORD
});

struct ReadingRules;

/// Figures of temperature readings that statistics show.
static FIGURES: &[Figure] = &[
    Figure::persons(),
    Figure::new("temperature_readings", Text::new("Temperatures taken", "测温人次"), PERSON_TIMES),
    Figure::new("fevers", Text::new("Fevers", "发热人次"), PERSON_TIMES).part("temperature_readings", "fever=true"),
];

impl Rules for ReadingRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let named = draft.values.get("case_id").is_some() || draft.values.get("person_id").is_some();
        if !named && !faults.touches("/case_id") && !faults.touches("/person_id") {
            faults.add_with(draft.at("case_id"), FaultCode::OneOf, vec![("fields", "case_id, person_id".into())]);
        }
        check_symptoms(draft, faults);
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let of = |name: &str| draft.references.get(name);
        let differs = |field: &str, other: Option<&Record>| {
            other.is_some_and(|other| {
                other.values.id(field) != draft.values.id(field) && other.values.get(field).is_some()
            })
        };
        // A person's own id was resolved to that of whom he was merged into; a case may name an alias.
        if draft.values.id("person_id").is_some() && differs("person_id", of("case_id")) {
            faults.add(draft.at("person_id"), FaultCode::OtherCase);
        }
        if draft.values.id("case_id").is_some() && differs("case_id", of("retest_of")) {
            faults.add(draft.at("retest_of"), FaultCode::OtherCase);
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        super::care::warn_of_outside(draft, context);
        if let Some(person_id) = draft.references.get("case_id").and_then(|case| case.values.id("person_id")) {
            draft.values.set("person_id", Value::Id(person_id));
        }
        let occurred_at = draft.values.instant("occurred_at").unwrap_or(context.now);
        let local = occurred_at.with_timezone(&context.zone);
        if draft.values.get("slot").is_none() {
            let is_retest = draft.values.get("retest_of").is_some();
            let slot = if is_retest {
                "extra"
            } else if (NIGHT_ENDS_HOUR..14).contains(&local.hour()) {
                "am"
            } else {
                "pm"
            };
            draft.values.set("slot", Value::Text(slot.to_owned()));
        }
        let after_midnight = draft.values.text("slot") == Some("pm") && local.hour() < NIGHT_ENDS_HOUR;
        let slot_on = local.date_naive().checked_sub_days(Days::new(u64::from(after_midnight)));
        draft.values.set("slot_on", Value::Day(slot_on.unwrap_or(local.date_naive())));
        let of_case = draft.references.values().next().map(|record| record.envelope.area_code.clone());
        let area_code = draft.values.text("area_code").map(str::to_owned).or(of_case);
        let policy = context.policy_at(area_code.as_deref().unwrap_or(context.district_code), occurred_at);
        let temperature = draft.values.decimal("temperature_c");
        let fever = temperature.is_some_and(|temperature| temperature >= policy.fever_c);
        let low = temperature.is_some_and(|temperature| temperature < policy.retest_below_c);
        let first = draft.values.get("retest_of").is_none();
        draft.values.set("fever", Value::Boolean(fever));
        draft.values.set("needs_retest", Value::Boolean(first && (fever || low)));
        if low {
            draft.warn(&IMPLAUSIBLE_TEMPERATURE, "temperature_c");
        }
        if first && fever {
            draft.warn(&RETEST_NEEDED, "temperature_c");
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["case_id|person_id", "occurred_at"]
    }

    /// Readings of nobody's case touch no case.
    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let of_case = |record: &Record| record.values.id("case_id").is_some();
        (of_case(next) || former.is_some_and(of_case)).then(|| CareDecider::of(write_context))
    }

    /// Settles the duties to look after people with an abnormal passage: a reading proves them.
    fn followers(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Vec<Arc<dyn Decider>> {
        vec![FollowUpDecider::of(write_context)]
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let taken = faults.iter().any(|fault| fault.code == FaultCode::SlotTaken);
        if taken {
            draft.values.set("slot", Value::Text("extra".to_owned()));
            draft.warn(&SLOT_TAKEN, "slot");
        }
        taken
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.id("person_id")
    }

    fn follows(&self) -> Option<Follows> {
        Some(super::FOLLOWS)
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let fever = record.values.boolean("fever") == Some(true);
        vec![("temperature_readings", 1), ("fevers", i64::from(fever))]
    }
}
