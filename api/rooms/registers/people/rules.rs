//! The rules of people: what a document says, who is the same, what is new about somebody known.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::statement::ColumnType;
use kit::text::Text;
use kit::tree::Tree;
use kit::typed::{FieldType, TypedField};
use kit::value::Value;
use ledger::decide::Decider;
use uuid::Uuid;

use super::category_words;
use super::claims::{self, ClaimDecider, Claims};
use super::documents::{check_document, normalize_name, normalize_phone, stated_type};
use super::family::PERSON_ID;
use super::merge::{MERGES, pointer};
use super::wire::{
    ADDRESS, ALIASES, BIRTH_YEAR, CATEGORIES, CLAIMS, DOCUMENT_NUMBER, DOCUMENT_TYPE, DocumentType, HeldCategory,
    MOST_ALIASES, MOST_CATEGORIES, NAME, PHONE, SEX, Sex,
};
use super::{LOOKED_UP, PEOPLE};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::codes::INVALID_ORDER;
use crate::platform::divisions::tree::known_county;
use crate::platform::privacy::REVEALERS;
use crate::platform::privacy::blind::{Indexer, derived_id};
use crate::platform::privacy::keys::Keys;
use crate::records::codes::EXCLUSIVE_FIELDS;
use crate::records::conditions::Condition;
use crate::records::include::Beside;
use crate::records::rules::{Identity, Narrowing, Watched};
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Narrowed, Record, Rules, Warning, envelope};
use crate::rooms::observation::{CareDecider, FOLLOWS};

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
const COMPARED: [&str; 5] = [NAME.name(), PHONE.name(), SEX.name(), BIRTH_YEAR.name(), ADDRESS.name()];

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
    differs: &DIFFERS_FROM_REGISTER,
    watched: Some(&Watched { looked_up: LOOKED_UP, dry_run: "people.dry_run" }),
};

/// Rules of people.
pub struct PersonRules;

impl Rules for PersonRules {
    fn beside(&self) -> Option<&'static Beside> {
        const {
            Some(&Beside {
                name: "person",
                members: &["area_code", "name", "phone", "sex", "address", "merged_into"],
                days: None,
            })
        }
    }

    fn stays_while_named(&self) -> bool {
        true
    }

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
        if let Some(name) = draft.values.get(&NAME).map(normalize_name) {
            draft.values.set(&NAME, name);
        }
        if let Some(phone) = draft.values.get(&PHONE).map(normalize_phone) {
            match phone {
                Some(phone) => draft.values.set(&PHONE, phone),
                None => faults.add(draft.at(&PHONE), FaultCode::BAD_FORMAT),
            }
        }
        check_number(draft, context, faults);
        check_categories(draft, faults);
    }

    /// Words of a sheet: since its day, and as the sheet says.
    fn items_in_words(&self, list: &str, text: &str, on: NaiveDate) -> Option<Vec<Tree>> {
        (list == CATEGORIES.name()).then(|| category_words::in_words(text, on))
    }

    fn identify(&self, draft: &Draft, context: &Context<'_>) -> Option<Uuid> {
        let (key, values) = (&context.keys.identity, &draft.values);
        if let (Some(document_type), Some(number)) = (values.get(&DOCUMENT_TYPE), values.get(&DOCUMENT_NUMBER)) {
            let document_type = identity_type(document_type, number).code();
            return Some(derived_id(key, &[context.district_code, document_type, number]));
        }
        let (name, phone) = (values.get(&NAME)?, values.get(&PHONE));
        match phone {
            Some(phone) => Some(derived_id(key, &[context.district_code, "name_and_phone", name, phone])),
            None => draft.client_id(),
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let values = &mut draft.values;
        if values.get(&SEX).is_none() {
            values.set(&SEX, Sex::Unknown);
        }
        if values.get(&CATEGORIES).is_none() {
            values.set(&CATEGORIES, []);
        }
        if values.get(&ALIASES).is_none() {
            values.set(&ALIASES, []);
        }
    }

    fn blind_columns(&self) -> &'static [&'static str] {
        &["document_blind_index", "phone_blind_index", "name_blind_index"]
    }

    fn blind_values(&self, record: &Record, _keys: &Keys, indexer: &Indexer) -> Vec<Value> {
        let index = |field: &TypedField<String>| {
            let text = record.values.get(field)?;
            Some(indexer.index(&record.envelope.district_code, field.name(), text))
        };
        let fields = [&DOCUMENT_NUMBER, &PHONE, &NAME];
        fields.map(|field| index(field).map_or(Value::Null, Value::Bytes)).to_vec()
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
        Some(Follows { column: envelope::ID.name(), names: PERSON_ID.name(), ..FOLLOWS })
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
        let held: Vec<HeldCategory> = known.values.list(&CATEGORIES).collect();
        let mut new = Vec::new();
        for category in draft.values.list(&CATEGORIES).filter(|category| !held.contains(category)) {
            if new.contains(&category) || category_words::is_told_again(&held, &category) {
                continue;
            }
            if reaches(PEOPLE.writers) && held.len() + new.len() < MOST_CATEGORIES {
                new.push(category);
            } else {
                claims.category(&category);
            }
        }
        if !new.is_empty() {
            next.values.extend(&CATEGORIES, new);
        }
        let aliases: Vec<Uuid> = known.values.list(&ALIASES).collect();
        let new = draft.values.list(&ALIASES).filter(|alias| !aliases.contains(alias));
        let new: Vec<Uuid> = new.take(MOST_ALIASES.saturating_sub(aliases.len())).collect();
        if !new.is_empty() {
            next.values.extend(&ALIASES, new);
        }
        if let Some(claims) = claims.added() {
            next.values.set(&CLAIMS, claims);
        }
        (next.values != known.values).then_some(next)
    }
}

/// A household booklet carries the same number as the card: one person, not two.
fn identity_type(document_type: DocumentType, number: &str) -> DocumentType {
    match document_type {
        DocumentType::HouseholdBooklet if number.len() == 18 => DocumentType::ResidentId,
        other => other,
    }
}

/// A sex that wasn't asked says nothing, neither stored nor submitted.
fn is_default(field: &str, value: &Value) -> bool {
    field == SEX.name() && Sex::read(value).is_some_and(says_nothing)
}

fn says_nothing(sex: Sex) -> bool {
    matches!(sex, Sex::Unknown | Sex::NotStated)
}

/// The type follows from the number where it wasn't said; the number is checked by its type, and
/// tells sex and year of birth.
fn check_number(draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
    if faults.touches(&draft.at(&DOCUMENT_TYPE)) || faults.touches(&draft.at(&DOCUMENT_NUMBER)) {
        return;
    }
    let number = draft.values.get(&DOCUMENT_NUMBER).map(str::to_owned);
    let default = if number.is_some() { DocumentType::ResidentId } else { DocumentType::None };
    let given = draft.values.get(&DOCUMENT_TYPE).unwrap_or(default);
    // People call all of them 身份证.
    let stated = number.as_deref().and_then(|number| stated_type(number, context.today()));
    let document_type = stated.filter(|_| given == DocumentType::ResidentId).unwrap_or(given);
    draft.values.set(&DOCUMENT_TYPE, document_type);
    let number = match (document_type, number) {
        (DocumentType::None, None) => return,
        (DocumentType::None, Some(_)) => {
            faults.add_with(draft.at(&DOCUMENT_NUMBER), EXCLUSIVE_FIELDS, vec![("other", "document_type none".into())]);
            return;
        }
        (_, None) => return faults.add(draft.at(&DOCUMENT_NUMBER), FaultCode::REQUIRED),
        (_, Some(number)) => number,
    };
    match check_document(document_type, &number, context.today(), known_county) {
        Err(fault) => faults.add(draft.at(&DOCUMENT_NUMBER), fault.fault()),
        Ok(checked) => {
            draft.values.set(&DOCUMENT_NUMBER, checked.normalized);
            if !checked.warnings.is_empty() {
                draft.warn(&UNKNOWN_COUNTY, &DOCUMENT_NUMBER);
            }
            tell_sex(draft, checked.sex);
            tell_birth_year(draft, checked.birth_on);
        }
    }
}

/// The document's sex; another one that was given stands, with a warning.
fn tell_sex(draft: &mut Draft, told: Option<Sex>) {
    let Some(told) = told else { return };
    match draft.values.get(&SEX) {
        Some(given) if given != told && !says_nothing(given) => draft.warn(&SEX_DIFFERS, &SEX),
        _ => draft.values.set(&SEX, told),
    }
}

/// The same of the year of birth.
fn tell_birth_year(draft: &mut Draft, birth_on: Option<NaiveDate>) {
    let Some(told) = birth_on.map(|day| i64::from(day.year())) else { return };
    match draft.values.get(&BIRTH_YEAR) {
        Some(given) if given != told => draft.warn(&BIRTH_DIFFERS, &BIRTH_YEAR),
        _ => draft.values.set(&BIRTH_YEAR, told),
    }
}

fn check_categories(draft: &Draft, faults: &mut Faults) {
    for (index, held) in draft.values.list(&CATEGORIES).enumerate() {
        if held.until_on.is_some_and(|until_on| until_on < held.since_on) {
            faults.add_with(
                draft.at_item(&CATEGORIES, index, "until_on"),
                INVALID_ORDER,
                vec![("other", "since_on".into())],
            );
        }
    }
}
