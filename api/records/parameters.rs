//! The query parameters of a kind's list.

use kit::field::{Field, Shape};
use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};

use super::as_of;
use super::definition::{Kind, Registry};
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

static ORDERS: Vocabulary = Vocabulary::new(
    "list_order",
    Text::new("Order", "排序"),
    &[word("newest", "newest first", "最新在前"), word("oldest", "oldest first", "最早在前")],
);
/// Order of a list.
static ORDER: Field = Field::new(
    "order",
    Shape::Word(&ORDERS),
    Text::new("Order", "排序"),
    "`newest` first by default, by `occurred_at`.",
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
    let name = filter_name(field.name);
    let is_plain = name == field.name && !field.required;
    if is_plain { field } else { Box::leak(Box::new(Field { name, required: false, ..*field })) }
}

/// Name of the parameter that filters by a field.
pub fn filter_name(field: &'static str) -> &'static str {
    match field {
        "to" => "record_to",
        other => other,
    }
}

/// The parameters of a kind's list.
pub fn parameters(kind: &Kind) -> Vec<&'static Field> {
    let filters = kind.filters.iter().filter_map(|name| kind.field(name)).map(filter);
    let assignee = kind.field("assignee_id").or(kind.field("supervisor_ids")).map(|_| &ASSIGNEE);
    let state_on = kind.field(as_of::HISTORY).map(|_| &as_of::STATE_ON);
    let status_on = kind.rules.stood_on().map(|stood| stood.parameter);
    [&LIMIT, &CURSOR, &ORDER]
        .into_iter()
        .chain(assignee)
        .chain(state_on)
        .chain(status_on)
        .chain(PARAMETERS)
        .chain(filters)
        .chain(kind.rules.conditions().iter().map(|condition| condition.parameter))
        .chain(formats::PARAMETERS)
        .collect()
}
