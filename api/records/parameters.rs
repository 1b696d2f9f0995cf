//! The query parameters of a kind's list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use kit::field::{Absence, Field, NONE, Shape};
use kit::problem::Problem;
use kit::query::read_query;
use kit::text::Text;
use kit::value::Values;
use kit::vocabulary::{UNPUBLISHED, Vocabulary, Word, word};
use serde_json::Value as Json;

use super::as_of;
use super::definition::{Kind, Registry};
use super::figure::Figure;
use super::include::INCLUDE;
use super::order::{self, ORDER_NAME, Order};
use super::totals::{COUNT, COUNTED};
use super::view;
use crate::platform::called::Q;
use crate::platform::codes::ONLY_IN_PAGES;
use crate::platform::http::fault;
use crate::platform::http::formats;
pub use crate::platform::http::page::{AREA_CODE, CURSOR, DISTRICT_CODE, LIMIT};

static PARAMETERS: &[Field] = &[
    DISTRICT_CODE,
    AREA_CODE,
    Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Of that organisation."),
    Field::new(
        "under_org_id",
        Shape::Id,
        Text::new("Under organisation", "单位及下属"),
        "Of that organisation and all below it.",
    ),
    Field::new(
        "no_org",
        Shape::Boolean,
        Text::new("No organisation", "无所属单位"),
        "`true`: of no organisation; `false`: of any.",
    ),
    Field::new("from", Shape::Instant, Text::new("From", "起"), "Happened at or after this instant."),
    Field::new("to", Shape::Instant, Text::new("To", "止"), "Happened before this instant."),
    Field::new(
        "from_on",
        Shape::Day,
        Text::new("From day", "起始日"),
        "Happened on or after this day of the district's zone.",
    ),
    Field::new("to_on", Shape::Day, Text::new("To day", "截止日"), "Happened on or before this day."),
    Field::new(
        "include_voided",
        Shape::Boolean,
        Text::new("Include voided", "含作废"),
        "Whether void records are listed too.",
    ),
];

/// Ids asked for at once, at most.
const MOST_IDS: usize = 200;
/// Name of the parameter of [`IDS`].
pub const IDS_NAME: &str = "ids";
/// Asks for records by their ids.
static IDS: Field = Field::new(
    IDS_NAME,
    Shape::List { of: &Shape::Id, max: MOST_IDS },
    Text::new("Ids", "记录编号"),
    "Those of these records that the caller may see, with every other filter and paging as ever; commas in between.",
);
/// Name of the parameter that asks for some members alone.
const FIELDS_NAME: &str = "fields";
/// Asks for records by what they are called.
static CALLED: Field = Q;
static ONCE: Vocabulary = Vocabulary::new(
    "people_once",
    Text::new("Each person once", "每人一条"),
    &[word("period", "once in the whole period", "全期一次"), word("day", "once a day", "每日一次")],
);
/// Filter of kinds whose figures count different people.
static PEOPLE_ONCE: Field = Field::new(
    "people_once",
    Shape::Word(&ONCE),
    Text::new("Each person once", "每人一条"),
    "The newest record of each person among those asked for, of the whole period or of each day: as many as there are people.",
);
/// Filter for kinds with an assignee.
static ASSIGNEE: Field = Field::new(
    "assignee",
    Shape::Text { min: 2, max: 2, pattern: Some("me") },
    Text::new("Assignee", "责任人"),
    "`me`: those that the caller answers for.",
);

/// A regular expression that the name of any kind matches, and nothing else.
pub fn name_of_a_kind(kinds: &Registry) -> String {
    let names: Vec<&str> = kinds.kinds().map(|kind| kind.name).collect();
    format!("(?:{})", names.join("|"))
}

/// The parameter that filters by a field, where one asks for it: of its name, unless every list has one of that name for another purpose.
fn filter(field: &'static Field) -> &'static Field {
    let (name, absence) = (filter_name(field.name), absence(field));
    // Lists are asked by ids.
    let shape = if matches!(field.shape, Shape::Account) { Shape::Id } else { field.shape };
    let is_plain = name == field.name && !field.required && absence == Absence::Unasked;
    if is_plain { field } else { Box::leak(Box::new(Field { name, shape, required: false, absence, ..*field })) }
}

/// Whether a list is asked for the records that lack a field: by a reference or a word, where that is no word itself.
fn absence(field: &Field) -> Absence {
    let is_value = match field.shape {
        Shape::Word(vocabulary) => vocabulary.find(NONE).is_some(),
        Shape::Id | Shape::Account | Shape::Reference(_) => false,
        _ => true,
    };
    match (is_value, field.required) {
        (true, _) => Absence::Unasked,
        (false, true) => Absence::Impossible,
        (false, false) => Absence::Sought,
    }
}

/// Name of the parameter that filters by a field.
pub fn filter_name(field: &'static str) -> &'static str {
    match field {
        "to" => "record_to",
        other => other,
    }
}

/// Kind and parameters of the list at an address that a figure names; none where that is no list of ours.
pub fn of_address(kinds: &Registry, address: &str) -> Result<Option<(&'static Kind, Values)>, Problem> {
    let Some(rest) = address.strip_prefix("/v1/") else { return Ok(None) };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let Some(kind) = kinds.kinds().find(|kind| kind.path == path) else { return Ok(None) };
    Ok(Some((kind, read_query(query, &parameters(kind))?)))
}

/// The members that a list of a kind may be asked for alone.
fn fields(kind: &Kind) -> Field {
    let words: Vec<Word> = view::member_names(kind).into_iter().map(|name| word(name, name, name)).collect();
    let words: &'static [Word] = words.leak();
    let vocabulary = Vocabulary::new(UNPUBLISHED, Text::new("Members", "字段"), words);
    let of = Box::leak(Box::new(Shape::Word(Box::leak(Box::new(vocabulary)))));
    Field::new(
        FIELDS_NAME,
        Shape::List { of, max: words.len() },
        Text::new("Fields", "字段"),
        "Of each record only these members and `id`; commas in between. The rest is left out, even what is always there, so the answer is `application/vnd.lianfang.part+json`.",
    )
}

/// Parameters by kind. Made once: what they are made of is never given back.
static OF_KINDS: Mutex<BTreeMap<&'static str, Arc<[&'static Field]>>> = Mutex::new(BTreeMap::new());

/// The parameters of a kind's list.
pub fn parameters(kind: &Kind) -> Arc<[&'static Field]> {
    let mut known = OF_KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(kind.name).or_insert_with(|| made(kind).into()).clone()
}

fn made(kind: &Kind) -> Vec<&'static Field> {
    let filters = kind.filters.iter().filter_map(|name| kind.field(name)).map(filter);
    let assignee = kind.field("assignee_id").or(kind.field("supervisor_ids")).map(|_| &ASSIGNEE);
    let state_on = kind.field(as_of::HISTORY).map(|_| &as_of::STATE_ON);
    let people_once = kind.rules.figures().iter().any(Figure::is_of_people).then_some(&PEOPLE_ONCE);
    let status_on = kind.rules.stood_on().map(|stood| stood.parameter);
    let called = kind.called_by().map(|_| &CALLED);
    let order: &'static Field = Box::leak(Box::new(order::parameter(kind)));
    [&LIMIT, &CURSOR, order, &COUNT, &COUNTED, &IDS, Box::leak(Box::new(fields(kind))), &INCLUDE]
        .into_iter()
        .chain(called)
        .chain(people_once)
        .chain(assignee)
        .chain(state_on)
        .chain(status_on)
        .chain(PARAMETERS)
        .chain(filters)
        .chain(kind.rules.conditions().iter().map(|condition| condition.parameter))
        .chain(formats::PARAMETERS)
        .collect()
}

/// Media type of a page of which the items have some members alone: what `application/json` says of records isn't so.
pub const PART: &str = "application/vnd.lianfang.part+json";

/// The members of a record that are told: all, or those asked for.
#[derive(Clone, Debug, Default)]
pub struct Members(Option<BTreeSet<String>>);

/// All members.
pub static ALL_MEMBERS: Members = Members(None);

impl Members {
    /// Those that a query asks for.
    pub fn of_query(query: &Values) -> Self {
        let asked = || query.codes(FIELDS_NAME).into_iter().map(str::to_owned).collect();
        Self(query.has(FIELDS_NAME).then(asked))
    }

    /// Whether a member is told. The id always is, and whoever is told plainly, as that was noted.
    pub fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|asked| asked.contains(name) || matches!(name, "id" | "person_plain"))
    }

    /// Media type of a page of such records.
    pub fn media_type(&self) -> &'static str {
        if self.are_all() { "application/json" } else { PART }
    }

    /// Whether all are told.
    pub fn are_all(&self) -> bool {
        self.0.is_none()
    }

    /// A page as JSON, its items with these members alone.
    pub fn of_page(&self, page: &view::Page<'_>) -> Result<Vec<u8>, Problem> {
        if self.are_all() {
            return serde_json::to_vec(page).map_err(Problem::internal);
        }
        let mut page = serde_json::to_value(page).map_err(Problem::internal)?;
        let items = page.get_mut("items").and_then(Json::as_array_mut).into_iter().flatten();
        for item in items.filter_map(Json::as_object_mut) {
            item.retain(|name, _| self.has(name));
        }
        serde_json::to_vec(&page).map_err(Problem::internal)
    }

    /// A record as JSON with these members alone.
    pub fn of_view(&self, record: &view::View<'_>) -> Result<Json, Problem> {
        let mut record = record.to_json()?;
        if let Some(members) = record.as_object_mut() {
            members.retain(|name, _| self.has(name));
        }
        Ok(record)
    }

    /// Whether one of them may be kept sealed.
    pub fn has_sealed(&self, kind: &Kind) -> bool {
        let sealed = kind.fields_with_seals().any(|field| self.has(field.name));
        sealed || ["note", "void_reason", "restore_reason"].into_iter().any(|name| self.has(name))
    }
}

/// Refuses parameters of pages where a file is asked for.
pub fn require_no_file(kind: &Kind, query: &Values) -> Result<(), Problem> {
    let by_field = Order::of_query(kind, query).map(|_| ORDER_NAME);
    match [FIELDS_NAME, INCLUDE.name].into_iter().find(|name| query.has(name)).or(by_field) {
        Some(name) => Err(fault(&format!("?{name}"), ONLY_IN_PAGES)),
        None => Ok(()),
    }
}
