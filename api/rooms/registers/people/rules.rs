//! The rules of people: what a document says, who is the same, what is new about somebody known.

use std::sync::Arc;

use chrono::Datelike;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::statement::ColumnType;
use kit::text::Text;
use kit::value::Value;
use ledger::decide::Decider;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::claims::{self, ClaimDecider, Claims, list};
use super::documents::{check_document, normalize_name, normalize_phone};
use super::merge::{MERGES, pointer};
use super::wire::{MOST_ALIASES, MOST_CATEGORIES};
use super::{LOOKED_UP, PEOPLE};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::codes::INVALID_ORDER;
use crate::platform::divisions::tree::known_county;
use crate::platform::privacy::REVEALERS;
use crate::platform::privacy::blind::{blind_index, derived_id};
use crate::records::codes::EXCLUSIVE_FIELDS;
use crate::records::conditions::Condition;
use crate::records::rules::{Identity, Narrowing};
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Narrowed, Record, Rules, Warning};
use crate::rooms::observation::isolation_cases::FOLLOWS;
use crate::rooms::observation::isolation_cases::care::CareDecider;

/// The document's county is in no list: abolished codes exist on real cards.
pub static UNKNOWN_COUNTY: Warning = Warning {
    code: "unknown_county",
    message: Text::new(
        "the document's county code is not in the lists from 2019 on",
        "证件的县级代码不在 2019 年以来的名录中",
    ),
};
/// A known person's stored value differs from what was submitted.
pub static DIFFERS_FROM_REGISTER: Warning = Warning {
    code: "differs_from_register",
    message: Text::new("differs from the register; kept as a claim", "与登记信息不一致,已作为申报信息保留"),
};
/// The sex given is not the document's.
pub static SEX_DIFFERS: Warning = Warning {
    code: "sex_differs_from_document",
    message: Text::new("differs from what the document says", "与证件信息不一致"),
};
/// The year of birth given is not the document's.
pub static BIRTH_DIFFERS: Warning = Warning {
    code: "birth_year_differs_from_document",
    message: Text::new("differs from what the document says", "与证件信息不一致"),
};

/// Fields that a second submission may fill or contradict.
const COMPARED: [&str; 5] = ["name", "phone", "sex", "birth_year", "address"];

/// People with a category in force or an open case.
static KEY_PEOPLE: Narrowing = Narrowing {
    label: Text::new("key people only", "仅重点人员"),
    condition: |statement, row, actor| {
        statement
            .sql(format!(
                " AND (EXISTS (SELECT 1 FROM isolation_cases AS c WHERE c.district_code = {row}.district_code AND c.person_id = {row}.id AND NOT c.voided AND c.ended_at IS NULL) \
                 OR EXISTS (SELECT 1 FROM jsonb_array_elements({row}.categories) AS k WHERE coalesce((k ->> 'until_on')::date, 'infinity') >= "
            ))
            .bind(ColumnType::Day, Value::Day(actor.today))
            .sql("))")
    },
};

/// How the register keeps who somebody is.
static IDENTITY: Identity = Identity {
    aliases: "aliases",
    merged_into: "merged_into",
    looked_up: LOOKED_UP,
    differs: &DIFFERS_FROM_REGISTER,
    dry_run: "people.dry_run",
};

/// Rules of people.
pub struct PersonRules;

impl Rules for PersonRules {
    fn identity(&self) -> Option<&'static Identity> {
        Some(&IDENTITY)
    }

    fn plain_to_assignee(&self) -> bool {
        true
    }

    /// The police know the key people of their beat, not every passer-by.
    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        (role == Role::PoliceOfficer).then_some(Narrowed::By(&KEY_PEOPLE))
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        if let Some(name) = draft.values.text("name").map(normalize_name) {
            draft.values.set("name", Value::Text(name));
        }
        if let Some(phone) = draft.values.text("phone").map(normalize_phone) {
            match phone {
                Some(phone) => draft.values.set("phone", Value::Text(phone)),
                None => faults.add(draft.at("phone"), FaultCode::BAD_FORMAT),
            }
        }
        check_number(draft, context, faults);
        check_categories(draft, faults);
    }

    fn identify(&self, draft: &Draft, context: &Context<'_>) -> Option<Uuid> {
        let text = |name: &str| draft.values.text(name);
        let key = &context.keys.identity;
        if let (Some(document_type), Some(number)) = (text("document_type"), text("document_number")) {
            return Some(derived_id(key, &[context.district_code, identity_type(document_type, number), number]));
        }
        let (name, phone) = (text("name")?, text("phone"));
        match phone {
            Some(phone) => Some(derived_id(key, &[context.district_code, "name_and_phone", name, phone])),
            None => draft.client_id(),
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let empty = || Value::Json(json!([]));
        for (field, default) in [("sex", Value::Text("unknown".into())), ("categories", empty()), ("aliases", empty())]
        {
            if draft.values.get(field).is_none() {
                draft.values.set(field, default);
            }
        }
    }

    fn blind_columns(&self) -> &'static [&'static str] {
        &["document_blind_index", "phone_blind_index", "name_blind_index"]
    }

    fn blind_values(&self, record: &Record, context: &Context<'_>) -> Vec<Value> {
        let index = |field: &str| {
            let text = record.values.text(field)?;
            Some(blind_index(&context.keys.blind_index, &record.envelope.district_code, field, text))
        };
        ["document_number", "phone", "name"].map(|field| index(field).map_or(Value::Null, Value::Bytes)).to_vec()
    }

    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let voided = next.envelope.voided && former.is_some_and(|former| !former.envelope.voided);
        if voided {
            return Some(CareDecider::of(write_context));
        }
        let claimed = || claims::concerns(former, next).then(|| Arc::new(ClaimDecider(Arc::clone(write_context))) as _);
        MERGES.decider(former, next).or_else(claimed)
    }

    /// Whoever is void is warned of by no gate: that is for the command.
    fn voiders(&self) -> Option<&'static [Role]> {
        Some(&[Role::DistrictAdmin])
    }

    /// Whoever brought a list takes back whom it alone introduced.
    fn undoers(&self, _record: &Draft) -> Option<&'static [Role]> {
        None
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn conditions(&self) -> &'static [Condition] {
        super::categories::CONDITIONS
    }

    fn pointer(&self, record: &Record) -> Option<Uuid> {
        pointer(record)
    }

    fn follows(&self) -> Option<Follows> {
        Some(Follows { column: "id", names: "person_id", ..FOLLOWS })
    }

    fn reconcile(&self, known: &Record, draft: &mut Draft, context: &Context<'_>, actor: &Actor) -> Option<Record> {
        let (mut next, envelope) = (known.clone(), &known.envelope);
        let mut claims = Claims::of(&known.values, actor.user_id, context);
        let reaches = |roles| actor.reaches(roles, &envelope.area_code, envelope.org_id);
        // Whoever can't see a value must not find it by guessing.
        let is_told = reaches(REVEALERS) || envelope.recorded_by == actor.user_id;
        for field in COMPARED {
            let Some(value) = draft.values.get(field).cloned() else { continue };
            match known.values.get(field) {
                Some(stored) if *stored == value || is_default(field, &value) => {}
                None => next.values.set(field, value),
                Some(stored) if is_default(field, stored) => next.values.set(field, value),
                Some(_) => {
                    if is_told {
                        draft.warn(&DIFFERS_FROM_REGISTER, field);
                    }
                    claims.differs(field, &value);
                }
            }
        }
        let mut categories = list(&known.values, "categories");
        for category in list(&draft.values, "categories") {
            match categories.contains(&category) {
                true => {}
                false if reaches(PEOPLE.writers) && categories.len() < MOST_CATEGORIES => categories.push(category),
                false => claims.category(&category),
            }
        }
        let mut aliases = list(&known.values, "aliases");
        let new = list(&draft.values, "aliases").into_iter().filter(|alias| !aliases.contains(alias));
        aliases.extend(new.collect::<Vec<_>>());
        aliases.truncate(MOST_ALIASES);
        next.values.set("categories", Value::Json(Json::Array(categories)));
        next.values.set("aliases", Value::Json(Json::Array(aliases)));
        if let Some(claims) = claims.value() {
            next.values.set("claims", claims);
        }
        (next.values != known.values).then_some(next)
    }
}

/// A household booklet carries the same number as the card: one person, not two.
fn identity_type<'a>(document_type: &'a str, number: &str) -> &'a str {
    if document_type == "household_booklet" && number.len() == 18 { "resident_id" } else { document_type }
}

/// A sex that wasn't asked says nothing, neither stored nor submitted.
fn is_default(field: &str, value: &Value) -> bool {
    field == "sex" && matches!(value, Value::Text(code) if code == "unknown" || code == "not_stated")
}

/// The type follows from the number where it wasn't said; the number is checked by its type, and
/// tells sex and year of birth.
fn check_number(draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
    if faults.touches(&draft.at("document_type")) || faults.touches(&draft.at("document_number")) {
        return;
    }
    let number = draft.values.text("document_number").map(str::to_owned);
    let default = if number.is_some() { "resident_id" } else { "none" };
    let document_type = draft.values.text("document_type").unwrap_or(default).to_owned();
    draft.values.set("document_type", Value::Text(document_type.clone()));
    let number = match (document_type.as_str(), number) {
        ("none", None) => return,
        ("none", Some(_)) => {
            faults.add_with(
                draft.at("document_number"),
                EXCLUSIVE_FIELDS,
                vec![("other", "document_type none".into())],
            );
            return;
        }
        (_, None) => return faults.add(draft.at("document_number"), FaultCode::REQUIRED),
        (_, Some(number)) => number,
    };
    match check_document(&document_type, &number, context.today(), known_county) {
        Err(fault) => faults.add(draft.at("document_number"), fault.fault()),
        Ok(checked) => {
            draft.values.set("document_number", Value::Text(checked.normalized));
            if !checked.warnings.is_empty() {
                draft.warn(&UNKNOWN_COUNTY, "document_number");
            }
            let birth_year = checked.birth_on.map(|day| Value::Integer(i64::from(day.year())));
            told_by_document(draft, "sex", checked.sex.map(|sex| Value::Text(sex.into())), &SEX_DIFFERS);
            told_by_document(draft, "birth_year", birth_year, &BIRTH_DIFFERS);
        }
    }
}

fn told_by_document(draft: &mut Draft, field: &'static str, told: Option<Value>, warning: &Warning) {
    let Some(told) = told else { return };
    match draft.values.get(field) {
        Some(given) if *given != told && !is_default(field, given) => draft.warn(warning, field),
        _ => draft.values.set(field, told),
    }
}

fn check_categories(draft: &Draft, faults: &mut Faults) {
    for (index, item) in list(&draft.values, "categories").iter().enumerate() {
        let text = |name: &str| item.get(name).and_then(Json::as_str);
        // Days in ISO form compare as text.
        if text("until_on").is_some_and(|until| Some(until) < text("since_on")) {
            faults.add_with(
                format!("{}/{index}/until_on", draft.at("categories")),
                INVALID_ORDER,
                vec![("other", "since_on".into())],
            );
        }
    }
}
