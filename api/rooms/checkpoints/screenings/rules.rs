//! The rules of screenings.

use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::typed::TypedField;
use kit::value::Value;
use ledger::decide::Decider;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::answers::{self, AnswersDecider, STANDING_ANSWERS, asked};
use super::operations::PLATE_NUMBER;
use super::plates::{check_plate, guess_plate_kind};
use super::vehicles;
use super::wire::{
    ABNORMAL, ANSWERS, COMPLETE, DIRECTION, Direction, PERSON, PERSON_ID, PERSON_KIND, PLACE_ID, PersonKind, RETEST_OF,
    SYMPTOMS, ScreeningAnswer, Symptom, TEMPERATURE_C, VEHICLE, Vehicle,
};
use crate::platform::privacy::blind::Indexer;
use crate::platform::privacy::keys::Keys;
use crate::records::codes::{EXCLUSIVE_FIELDS, NOT_WITH_OTHERS};
use crate::records::conditions::Condition;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::figure::{PERSON_TIMES, VEHICLE_TIMES};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Figure, Logged, Measure, Record, Rules, Warning};
use crate::rooms::checkpoints::gate_follow_up::FollowUpDecider;
use crate::rooms::registers::{person as people, require_checkpoint};

/// A temperature no living person has at rest; kept, to be measured again.
pub static IMPLAUSIBLE_TEMPERATURE: Warning = Warning {
    code: "implausible_temperature",
    message: Text::new("implausibly low: warm the thermometer and measure again", "体温过低,请将体温计回温后复测"),
};
/// A fever at first measurement.
pub static RETEST_ADVISED: Warning = Warning {
    code: "retest_advised",
    message: Text::new("fever: measure again with another thermometer", "体温异常,请用其他体温计复测"),
};
/// Nobody was registered, or by a name alone.
pub static NOT_REGISTERED: Warning = Warning {
    code: "not_registered",
    message: Text::new(
        "no identity is registered with this passage: a document, or somebody known",
        "未登记人员身份(证件或已登记人员)",
    ),
};

/// Whose passage, where, which way, when.
const NATURAL_KEY: &[&str] = &[PLACE_ID.name(), DIRECTION.name(), OCCURRED_AT.name(), "person_id|vehicle.plate_number"];

/// Rules of screenings.
pub struct ScreeningRules;

const SCREENED: Figure = Figure::new("screened", Text::new("Person-times screened", "登记人次"), PERSON_TIMES).hourly();
const SCREENED_IN: Figure = Figure::new("screened_in", Text::new("Person-times inward", "进入人次"), PERSON_TIMES)
    .share(SCREENED.name, "direction=in");
const SCREENED_OUT: Figure = Figure::new("screened_out", Text::new("Person-times outward", "外出人次"), PERSON_TIMES)
    .share(SCREENED.name, "direction=out");
const SCREENED_ABNORMAL: Figure = Figure::new("abnormal", Text::new("Person-times abnormal", "异常人次"), PERSON_TIMES)
    .hourly()
    .part(SCREENED.name, "abnormal=true");
const SCREENED_COMPLETELY: Figure =
    Figure::new("complete", Text::new("Asked, measured and registered", "问检登齐全人次"), PERSON_TIMES)
        .part(SCREENED.name, "complete=true");

/// Figures of screenings that statistics show.
static FIGURES: &[Figure] = &[
    Figure::persons(),
    SCREENED,
    SCREENED_IN,
    SCREENED_OUT,
    SCREENED_ABNORMAL,
    SCREENED_COMPLETELY,
    Figure::new("vehicles", Text::new("Vehicles", "车辆"), VEHICLE_TIMES)
        .kept_as(vehicles::KEPT_AS)
        .listed("has_vehicle=true"),
];

impl Rules for ScreeningRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        if draft.values.get(&PERSON_ID).is_some() && !draft.inline.is_empty() {
            let other = vec![("other", PERSON.name().into())];
            faults.add_with(draft.at(&PERSON_ID), EXCLUSIVE_FIELDS, other);
        }
        let by_name = |inner: &Draft| inner.values.get(&people::DOCUMENT_NUMBER).is_none();
        if draft.inline.iter().any(|(_, inner)| by_name(inner)) && !faults.touches(&draft.at(number_of_person())) {
            draft.warn(&NOT_REGISTERED, number_of_person());
        }
        require_alone(draft, &ANSWERS, &ScreeningAnswer::None, faults);
        require_alone(draft, &SYMPTOMS, &Symptom::None, faults);
        check_vehicle(draft, faults);
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        require_checkpoint(draft, faults);
    }

    fn recollection(&self, drafts: &[&Draft], context: &Context<'_>) -> Option<Statement> {
        answers::recollection(drafts, context)
    }

    fn recollect(&self, drafts: &mut [&mut Draft], rows: Vec<Row>, context: &Context<'_>) {
        answers::recollect(drafts, rows, context);
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let values = &draft.values;
        let temperature = values.get(&TEMPERATURE_C);
        let place = draft.reference(&PLACE_ID).map(|place| place.envelope.area_code.as_str());
        let area_code = values.get(&AREA_CODE).or(place).unwrap_or(context.district_code);
        // By what was in force when it happened, however late it is told.
        let policy = context.policy_at(area_code, values.get(&OCCURRED_AT).unwrap_or(context.now));
        let fever = temperature.is_some_and(|temperature| temperature >= policy.fever_c);
        let tells_risk = |answer| !matches!(answer, ScreeningAnswer::None | ScreeningAnswer::Refused);
        let risk = values.list(&ANSWERS).any(tells_risk);
        let symptom = values.list(&SYMPTOMS).any(|symptom| symptom != Symptom::None);
        let asked = asked(values) || draft.recalled.get(&STANDING_ANSWERS) == Some(true);
        let registered = is_registered(draft);
        draft.values.set(&ABNORMAL, fever || risk || symptom);
        draft.values.set(&COMPLETE, asked && temperature.is_some() && registered);
        if temperature.is_some_and(|temperature| temperature < policy.retest_below_c) {
            draft.warn(&IMPLAUSIBLE_TEMPERATURE, &TEMPERATURE_C);
        }
        if fever && draft.values.get(&RETEST_OF).is_none() {
            draft.warn(&RETEST_ADVISED, &TEMPERATURE_C);
        }
        if !registered && !is_by_name(draft) {
            draft.warn(&NOT_REGISTERED, &PERSON);
        }
    }

    /// Place, person, direction and the second.
    fn natural_key(&self) -> &'static [&'static str] {
        NATURAL_KEY
    }

    fn blind_columns(&self) -> &'static [&'static str] {
        &["plate_blind_index"]
    }

    fn blind_values(&self, record: &Record, keys: &Keys, indexer: &Indexer) -> Vec<Value> {
        let plate = record.values.get(&VEHICLE).and_then(|vehicle| vehicle.plate_number);
        let district_code = &record.envelope.district_code;
        let index = |plate: String| {
            let vehicle = vehicles::of_plate(keys, district_code, &plate);
            indexer.index_apart(district_code, PLATE_NUMBER.name(), &plate, vehicle)
        };
        vec![plate.map_or(Value::Null, |plate| Value::Bytes(index(plate)))]
    }

    fn counted_as(&self) -> Option<fn(&Record, &Keys) -> Vec<Value>> {
        Some(vehicles::left_of)
    }

    fn followers(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        let is_abnormal = |record: &Record| record.values.get(&ABNORMAL) == Some(true);
        let abnormal = is_abnormal(next) || former.is_some_and(is_abnormal);
        let follow_up = abnormal.then(|| FollowUpDecider::of(write_context));
        let answers = answers::concerns(former, next, write_context);
        let answers = answers.then(|| Arc::new(AnswersDecider(Arc::clone(write_context))) as Arc<dyn Decider>);
        follow_up.into_iter().chain(answers).collect()
    }

    fn logged(&self) -> &'static [Logged] {
        const { &[Logged::each("passages")] }
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn conditions(&self) -> &'static [Condition] {
        vehicles::CONDITIONS
    }

    fn narrowed_by(&self) -> &'static [Condition] {
        vehicles::NARROWED_BY
    }

    fn distinct(&self, record: &Record, keys: &Keys) -> Vec<(&'static str, Uuid)> {
        vehicles::of_record(record, keys).map(|vehicle| (vehicles::KEPT_AS, vehicle)).into_iter().collect()
    }

    fn distinct_rows(&self, _figure: &str) -> &'static str {
        &vehicles::OF_ROW
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let values = &record.values;
        let way = match values.get(&DIRECTION) {
            Some(Direction::Out) => SCREENED_OUT,
            Some(Direction::In) | None => SCREENED_IN,
        };
        let abnormal = (values.get(&ABNORMAL) == Some(true)).then_some(SCREENED_ABNORMAL);
        let complete = (values.get(&COMPLETE) == Some(true)).then_some(SCREENED_COMPLETELY);
        let figures = [SCREENED, way].into_iter().chain(abnormal).chain(complete);
        figures.map(|figure| figure.measured(1)).collect()
    }
}

/// The field of the warning that says for good that somebody was given by his name alone.
fn number_of_person() -> String {
    format!("{PERSON}/{}", people::DOCUMENT_NUMBER)
}

fn is_by_name(draft: &Draft) -> bool {
    let field = draft.at(number_of_person());
    draft.warnings.iter().any(|noted| noted.code == NOT_REGISTERED.code && noted.field == field)
}

/// Whether an identity is registered: a document, or a known resident by link. A name alone is none.
fn is_registered(draft: &Draft) -> bool {
    let person = draft.reference(&PERSON_ID);
    let has_document = person.is_some_and(|person| person.values.get(&people::DOCUMENT_NUMBER).is_some());
    let lives_here = matches!(draft.values.get(&PERSON_KIND), None | Some(PersonKind::Resident));
    draft.values.get(&PERSON_ID).is_some() && !is_by_name(draft) && (person.is_none() || has_document || lives_here)
}

/// A word that denies all others stands alone.
fn require_alone<T>(draft: &Draft, field: &TypedField<Vec<T>>, none: &T, faults: &mut Faults)
where
    T: DeserializeOwned + Serialize + PartialEq + 'static,
{
    let words: Vec<T> = draft.values.list(field).collect();
    if words.len() > 1 && words.contains(none) {
        faults.add(draft.at(field), NOT_WITH_OTHERS);
    }
}

/// Normalises the plate and says its kind; a number that is none of its kind is a fault.
fn check_vehicle(draft: &mut Draft, faults: &mut Faults) {
    let Some(vehicle) = draft.values.get(&VEHICLE) else { return };
    let Some(number) = &vehicle.plate_number else { return };
    let kind = vehicle.plate_kind.unwrap_or_else(|| guess_plate_kind(number));
    match check_plate(kind, number) {
        Ok(normalized) => {
            let vehicle = Vehicle { plate_number: Some(normalized), plate_kind: Some(kind), ..vehicle };
            draft.values.set(&VEHICLE, vehicle);
        }
        Err(_) => faults.add(format!("{}/{PLATE_NUMBER}", draft.at(&VEHICLE)), FaultCode::BAD_FORMAT),
    }
}
