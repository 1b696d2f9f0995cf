//! The rules of screenings.

use std::sync::Arc;

use serde_json::Value as Json;

use super::plates::{check_plate, guess_plate_kind};
use uuid::Uuid;

use crate::duties::follow_up::FollowUpDecider;
use crate::kit::catalogue::FaultCode;
use crate::kit::faults::Faults;
use crate::kit::json::put;
use crate::kit::text::Text;
use crate::kit::value::Value;
use crate::ledger::decide::Decider;
use crate::places::demand_checkpoint;
use crate::privacy::blind::blind_index;
use crate::records::figure::PERSON_TIMES;
use crate::records::scribe::Scribe;
use crate::records::{Context, Draft, Figure, Measure, Record, Rules, Warning};

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
/// Nobody was registered.
pub static NOT_REGISTERED: Warning = Warning {
    code: "not_registered",
    message: Text::new("nobody is registered with this passage", "未登记人员身份"),
};

/// Rules of screenings.
pub struct ScreeningRules;

/// What is shown of it.
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
];

impl Rules for ScreeningRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        if draft.values.get("person_id").is_some() && !draft.inline.is_empty() {
            faults.add_with(draft.at("person_id"), FaultCode::ExclusiveFields, vec![("other", "person".into())]);
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
        demand_checkpoint(draft, faults);
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
        let asked = draft.values.codes("answers").iter().any(|code| *code != "refused");
        let registered = draft.values.get("person_id").is_some();
        draft.values.set("abnormal", Value::Boolean(fever || risk || symptom));
        draft.values.set("complete", Value::Boolean(asked && temperature.is_some() && registered));
        if temperature.is_some_and(|temperature| temperature < policy.retest_below_c) {
            draft.warn(&IMPLAUSIBLE_TEMPERATURE, "temperature_c");
        }
        if fever && draft.values.get("retest_of").is_none() {
            draft.warn(&RETEST_ADVISED, "temperature_c");
        }
        if !registered {
            draft.warn(&NOT_REGISTERED, "person");
        }
    }

    /// Place, person, direction and the second.
    fn natural_key(&self) -> &'static [&'static str] {
        &["place_id", "direction", "occurred_at", "person_id", "person.document_number", "person.name", "person.phone"]
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

    fn followers(&self, former: Option<&Record>, next: &Record, scribe: &Arc<Scribe>) -> Vec<Arc<dyn Decider>> {
        let is_abnormal = |record: &Record| record.values.boolean("abnormal") == Some(true);
        let concerns = is_abnormal(next) || former.is_some_and(is_abnormal);
        concerns.then(|| FollowUpDecider::of(scribe)).into_iter().collect()
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
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
