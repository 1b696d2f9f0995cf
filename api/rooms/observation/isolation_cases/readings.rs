//! Temperature readings (测温): two a day of everybody under observation, one of other returnees. One a slot;
//! a second of the same slot is kept as `extra`.

use std::sync::Arc;

use chrono::{Days, NaiveDate, Timelike};
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::care::{CareDecider, check_symptoms};
use super::reading_sheets::READING_SHEETS;
use super::wire;
use crate::platform::access::Role;
use crate::records::codes::ONE_OF;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::figure::PERSON_TIMES;
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Logged, Measure, Record, Rules, Warning, Wide};
use crate::rooms::checkpoints::{FollowUpDecider, IMPLAUSIBLE_TEMPERATURE, MeasureSite, MeasuringDevice, Symptom};
use crate::rooms::observation::codes::{self, OTHER_CASE};

words! {
    /// Part of the day to which a reading belongs.
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

fields! {
    /// The fields of a reading, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.on_create();
    PERSON_ID: Uuid = Field::new(
        "person_id",
        Shape::Reference("people"),
        Text::new("Person id", "人员编号"),
        "For somebody who is not under observation; of a case it is the case's.",
    ).brings_area(2)
    .on_create();
    TEMPERATURE_C: Decimal = Field::new(
        "temperature_c",
        Shape::Decimal { scale: 1, min: "32.0", max: "43.0" },
        Text::new("Temperature (℃)", "体温(℃)"),
        "Body temperature in degrees Celsius.",
    )
    .required()
    .also(&["体温", "温度"]);
    SLOT: TemperatureSlot = Field::new(
        "slot",
        Shape::Word(TemperatureSlot::VOCABULARY),
        Text::new("Slot", "时段"),
        "By the time of day where absent; of a retest `extra`.",
    ).also(&["时间段", "测量时段", "早晚"]);
    MEASURE_SITE: MeasureSite = Field::new(
        "measure_site",
        Shape::Word(MeasureSite::VOCABULARY),
        Text::new("Where measured", "测温部位"),
        "Where it was measured.",
    );
    DEVICE: MeasuringDevice = Field::new("device", Shape::Word(MeasuringDevice::VOCABULARY), Text::new("Device", "测温设备"), "With what.");
    HOME_VISIT: bool = Field::new("home_visit", Shape::Boolean, Text::new("Home visit", "上门测量"), "Whether somebody came to measure.");
    RETEST_OF: Uuid = Field::new(
        "retest_of",
        Shape::Reference("temperature_readings"),
        Text::new("Retest of", "复测对应"),
        "The reading that this one repeats.",
    )
    .on_create();
    SYMPTOMS: Vec<Symptom> = super::SYMPTOMS.field;
    SLOT_ON: NaiveDate = Field::new("slot_on", Shape::Day, Text::new("Day of the slot", "所属日期"), "To which day it belongs.")
        .required()
        .derived();
    FEVER: bool = Field::new("fever", Shape::Boolean, Text::new("Fever", "发热"), "Whether it reaches the threshold in force.")
        .required()
        .derived();
    NEEDS_RETEST: bool = Field::new(
        "needs_retest",
        Shape::Boolean,
        Text::new("Needs a retest", "需复测"),
        "A fever at first measurement, or an implausibly low value.",
    )
    .required()
    .derived();
}

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

const TAKEN: Figure = Figure::new("temperature_readings", Text::new("Temperatures taken", "测温人次"), PERSON_TIMES);
const FEVERS: Figure =
    Figure::new("fevers", Text::new("Fevers", "发热人次"), PERSON_TIMES).part(TAKEN.name, "fever=true");

/// Figures of temperature readings that statistics show.
static FIGURES: &[Figure] = &[Figure::persons(), TAKEN, FEVERS];

/// Whether two ids are there and not the same.
fn differ(one: Option<Uuid>, other: Option<Uuid>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

impl Rules for ReadingRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let named = draft.values.get(&CASE_ID).is_some() || draft.values.get(&PERSON_ID).is_some();
        if !named && !faults.touches(&draft.at(&CASE_ID)) && !faults.touches(&draft.at(&PERSON_ID)) {
            let fields = [CASE_ID.name(), PERSON_ID.name()].join(", ");
            faults.add_with(draft.at(&CASE_ID), ONE_OF, vec![("fields", fields)]);
        }
        check_symptoms(draft, faults);
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        // A person's own id was resolved to that of whom he was merged into; a case may name an alias.
        let of_case = draft.reference(&CASE_ID).and_then(|case| case.values.get(&wire::PERSON_ID));
        if differ(draft.values.get(&PERSON_ID), of_case) {
            faults.add(draft.at(&PERSON_ID), OTHER_CASE);
        }
        let of_first = draft.reference(&RETEST_OF).and_then(|first| first.values.get(&CASE_ID));
        if differ(draft.values.get(&CASE_ID), of_first) {
            faults.add(draft.at(&RETEST_OF), OTHER_CASE);
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        super::care::warn_of_outside(draft, context);
        if let Some(person_id) = draft.reference(&CASE_ID).and_then(|case| case.values.get(&wire::PERSON_ID)) {
            draft.values.set(&PERSON_ID, person_id);
        }
        let occurred_at = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let local = occurred_at.with_timezone(&context.zone);
        if draft.values.get(&SLOT).is_none() {
            let is_retest = draft.values.get(&RETEST_OF).is_some();
            let slot = if is_retest {
                TemperatureSlot::Extra
            } else if (NIGHT_ENDS_HOUR..14).contains(&local.hour()) {
                TemperatureSlot::Am
            } else {
                TemperatureSlot::Pm
            };
            draft.values.set(&SLOT, slot);
        }
        let after_midnight = draft.values.get(&SLOT) == Some(TemperatureSlot::Pm) && local.hour() < NIGHT_ENDS_HOUR;
        let slot_on = local.date_naive().checked_sub_days(Days::new(u64::from(after_midnight)));
        draft.values.set(&SLOT_ON, slot_on.unwrap_or(local.date_naive()));
        let of_case = draft.references.values().next().map(|record| record.envelope.area_code.clone());
        let area_code = draft.values.get(&AREA_CODE).map(str::to_owned).or(of_case);
        let policy = context.policy_at(area_code.as_deref().unwrap_or(context.district_code), occurred_at);
        let temperature = draft.values.get(&TEMPERATURE_C);
        let fever = temperature.is_some_and(|temperature| temperature >= policy.fever_c);
        let low = temperature.is_some_and(|temperature| temperature < policy.retest_below_c);
        let first = draft.values.get(&RETEST_OF).is_none();
        draft.values.set(&FEVER, fever);
        draft.values.set(&NEEDS_RETEST, first && (fever || low));
        if low {
            draft.warn(&IMPLAUSIBLE_TEMPERATURE, &TEMPERATURE_C);
        }
        if first && fever {
            draft.warn(&RETEST_NEEDED, &TEMPERATURE_C);
        }
    }

    /// Whose it is says the person: a case is found by him, and may be opened after the file came first.
    fn natural_key(&self) -> &'static [&'static str] {
        &["person_id|case_id", "occurred_at"]
    }

    fn wide(&self) -> Option<&'static Wide> {
        Some(&READING_SHEETS)
    }

    /// Readings of nobody's case touch no case.
    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let of_case = |record: &Record| record.values.get(&CASE_ID).is_some();
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
        let taken = faults.iter().any(|fault| fault.code == codes::SLOT_TAKEN);
        if taken {
            draft.values.set(&SLOT, TemperatureSlot::Extra);
            draft.warn(&SLOT_TAKEN, &SLOT);
        }
        taken
    }

    fn logged(&self) -> &'static [Logged] {
        const { &[Logged::each("readings")] }
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn follows(&self) -> Option<Follows> {
        Some(super::FOLLOWS)
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let fever = record.values.get(&FEVER) == Some(true);
        vec![TAKEN.measured(1), FEVERS.measured(i64::from(fever))]
    }
}
