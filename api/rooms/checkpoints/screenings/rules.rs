//! The rules of screenings.

use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::json::put;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;
use kit::value::Value;
use ledger::decide::Decider;
use serde_json::Value as Json;
use uuid::Uuid;

use super::answers::{self, AnswersDecider, STANDING, asked};
use super::plates::{check_plate, guess_plate_kind};
use super::vehicles;
use crate::platform::privacy::blind::blind_index;
use crate::platform::privacy::keys::Keys;
use crate::records::conditions::Condition;
use crate::records::figure::{PERSON_TIMES, VEHICLE_TIMES};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Figure, Measure, Record, Rules, Warning};
use crate::rooms::duties::follow_up::FollowUpDecider;
use crate::rooms::registers::places::require_checkpoint;

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

/// Rules of screenings.
pub struct ScreeningRules;

/// Figures of screenings that statistics show.
static FIGURES: &[Figure] = &[
    Figure::persons(),
    Figure::new("screened", Text::new("Person-times screened", "登记人次"), PERSON_TIMES).hourly(),
    Figure::new("screened_in", Text::new("Person-times inward", "进入人次"), PERSON_TIMES)
        .share("screened", "direction=in"),
    Figure::new("screened_out", Text::new("Person-times outward", "外出人次"), PERSON_TIMES)
        .share("screened", "direction=out"),
    Figure::new("abnormal", Text::new("Person-times abnormal", "异常人次"), PERSON_TIMES)
        .hourly()
        .part("screened", "abnormal=true"),
    Figure::new("complete", Text::new("Asked, measured and registered", "问检登齐全人次"), PERSON_TIMES)
        .part("screened", "complete=true"),
    Figure::new("vehicles", Text::new("Vehicles", "车辆"), VEHICLE_TIMES)
        .kept_as(vehicles::KEPT_AS)
        .listed("has_vehicle=true"),
];

impl Rules for ScreeningRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        if draft.values.get("person_id").is_some() && !draft.inline.is_empty() {
            faults.add_with(draft.at("person_id"), FaultCode::ExclusiveFields, vec![("other", "person".into())]);
        }
        let by_name = |inner: &Draft| inner.values.get("document_number").is_none();
        if draft.inline.iter().any(|(_, inner)| by_name(inner)) && !faults.touches("/person/document_number") {
            draft.warn(&NOT_REGISTERED, BY_NAME);
        }
        for field in ["answers", "symptoms"] {
            let codes = draft.values.codes(field);
            if codes.len() > 1 && codes.contains(&"none") {
                faults.add(draft.at(field), FaultCode::NotWithOthers);
            }
        }
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
        let temperature = draft.values.decimal("temperature_c");
        let place = draft.references.get("place_id").map(|place| place.envelope.area_code.as_str());
        let area_code = draft.values.text("area_code").or(place).unwrap_or(context.district_code);
        // By what was in force when it happened, however late it is told.
        let policy = context.policy_at(area_code, draft.values.instant("occurred_at").unwrap_or(context.now));
        let fever = temperature.is_some_and(|temperature| temperature >= policy.fever_c);
        let risk = draft.values.codes("answers").iter().any(|code| !matches!(*code, "none" | "refused"));
        let symptom = draft.values.codes("symptoms").iter().any(|code| *code != "none");
        let asked = asked(&draft.values) || draft.recalled.boolean(STANDING) == Some(true);
        let registered = is_registered(draft);
        draft.values.set("abnormal", Value::Boolean(fever || risk || symptom));
        draft.values.set("complete", Value::Boolean(asked && temperature.is_some() && registered));
        if temperature.is_some_and(|temperature| temperature < policy.retest_below_c) {
            draft.warn(&IMPLAUSIBLE_TEMPERATURE, "temperature_c");
        }
        if fever && draft.values.get("retest_of").is_none() {
            draft.warn(&RETEST_ADVISED, "temperature_c");
        }
        if !registered && !is_by_name(draft) {
            draft.warn(&NOT_REGISTERED, "person");
        }
    }

    /// Place, person, direction and the second.
    fn natural_key(&self) -> &'static [&'static str] {
        &["place_id", "direction", "occurred_at", "person_id|vehicle.plate_number"]
    }

    fn blind_columns(&self) -> &'static [&'static str] {
        &["plate_blind_index"]
    }

    fn blind_values(&self, record: &Record, context: &Context<'_>) -> Vec<Value> {
        let vehicle = record.values.json("vehicle");
        let plate = vehicle.and_then(|vehicle| vehicle.get("plate_number")).and_then(Json::as_str);
        let index =
            |plate| blind_index(&context.keys.blind_index, &record.envelope.district_code, "plate_number", plate);
        vec![plate.map_or(Value::Null, |plate| Value::Bytes(index(plate)))]
    }

    fn followers(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        let is_abnormal = |record: &Record| record.values.boolean("abnormal") == Some(true);
        let abnormal = is_abnormal(next) || former.is_some_and(is_abnormal);
        let follow_up = abnormal.then(|| FollowUpDecider::of(write_context));
        let answers = answers::concerns(former, next, write_context);
        let answers = answers.then(|| Arc::new(AnswersDecider(Arc::clone(write_context))) as Arc<dyn Decider>);
        follow_up.into_iter().chain(answers).collect()
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
        vehicles::OF_ROW
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.id("person_id")
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let mut measures = vec!["screened"];
        measures.push(if record.values.text("direction") == Some("out") { "screened_out" } else { "screened_in" });
        measures
            .extend(["abnormal", "complete"].into_iter().filter(|field| record.values.boolean(field) == Some(true)));
        measures.into_iter().map(|measure| (measure, 1)).collect()
    }
}

/// The field of the warning that says for good that somebody was given by his name alone.
const BY_NAME: &str = "person/document_number";

fn is_by_name(draft: &Draft) -> bool {
    let field = draft.at(BY_NAME);
    draft.warnings.iter().any(|noted| noted.code == NOT_REGISTERED.code && noted.field == field)
}

/// Whether an identity is registered: a document, or a known resident by link. A name alone is none.
fn is_registered(draft: &Draft) -> bool {
    let person = draft.references.get("person_id");
    let has_document = person.is_some_and(|person| person.values.get("document_number").is_some());
    let lives_here = matches!(draft.values.text("person_kind"), None | Some("resident"));
    draft.values.get("person_id").is_some() && !is_by_name(draft) && (person.is_none() || has_document || lives_here)
}

/// Normalises the plate and says its kind; a number that is none of its kind is a fault.
fn check_vehicle(draft: &mut Draft, faults: &mut Faults) {
    let Some(mut vehicle) = draft.values.json("vehicle").cloned() else { return };
    let text = |name: &str| vehicle.get(name).and_then(Json::as_str).map(str::to_owned);
    let Some(number) = text("plate_number") else { return };
    let kind = text("plate_kind").unwrap_or_else(|| guess_plate_kind(&number).to_owned());
    match check_plate(&kind, &number) {
        Ok(normalized) => {
            put(&mut vehicle, "plate_number", normalized);
            put(&mut vehicle, "plate_kind", kind);
            draft.values.set("vehicle", Value::Json(vehicle));
        }
        Err(_) => faults.add(format!("{}/plate_number", draft.at("vehicle")), FaultCode::BadFormat),
    }
}
