//! The operations of figures, and what they look like.

use actix_web::http::Method;
use serde_json::{Value as Json, json};

use super::shown::Statistics;
use super::{of_kind, parameters};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::{Role, with_statistics};
use crate::platform::codes::{DISTRICT_REQUIRED, KEY_OUT_OF_SCOPE, NOT_FOUND};
use crate::platform::http::{Access, Operation, Tells};
use crate::records::{Kind, Registry};

/// Roles that see a kind's figures: those that read its records, and those that read figures only; of a closed room
/// those that the room names.
pub fn readers(kind: &'static Kind) -> &'static [Role] {
    if kind.closed { counters(kind) } else { with_statistics(counters(kind)) }
}

/// Roles that read all the records that a kind's figures count, so that no number tells them more.
pub fn counters(kind: &'static Kind) -> &'static [Role] {
    kind.rules.figure_readers().unwrap_or(kind.readers)
}

/// The operations: one a kind that has figures, and those of figures by name.
pub fn operations(kinds: &Registry) -> Vec<Operation> {
    let of_kinds = kinds.kinds().filter(|kind| !kind.rules.figures().is_empty()).map(operation);
    of_kinds.chain(super::figures::operations(kinds)).collect()
}

fn operation(kind: &'static Kind) -> Operation {
    let figures: Vec<String> = kind
        .rules
        .figures()
        .iter()
        .map(|figure| format!("`{}` ({}, {})", figure.name, figure.label.en, figure.unit.zh))
        .collect();
    let about = format!(
        "{}. Series have no gaps; each figure stands beside that of the period before and links to the records that prove it. `If-None-Match` answers 304 from memory. `area_code` of a prefecture or a province (`5118`, `51`) adds up its districts that the caller reaches. Keys without `small_cells` and accounts that only read statistics see whole days of townships and above: 1 to 9 hidden, the rest rounded to 5.",
        figures.join(", ")
    );
    Operation::new(Method::GET, format!("/v1/stats/{}", kind.path), format!("get_{}_figures", kind.name), move |call| {
        of_kind(kind, call)
    })
    .described("stats", format!("Figures of {}", kind.name.replace('_', " ")), about)
    .access(Access::Roles(readers(kind)))
    .keys(if kind.closed { KeyScope::None } else { KeyScope::Statistics })
    .tells(Tells::Figures { readers: counters(kind), roles: readers(kind) })
    .parameters(parameters::of(kind))
    .headers(&["If-None-Match"])
    .answers::<Statistics>(200, "The figures.", Some(example(kind)))
    .with_headers(&["ETag"])
    .as_files(vec!["text/csv"])
    .answers_nothing(304, "Nothing changed.")
    .problems(&[DISTRICT_REQUIRED, NOT_FOUND, KEY_OUT_OF_SCOPE])
}

fn example(kind: &'static Kind) -> Json {
    let catalogue: Vec<Json> = kind
        .rules
        .figures()
        .iter()
        .map(|figure| json!({"name": figure.name, "label": figure.label.zh, "unit": figure.unit.zh}))
        .collect();
    let url = format!("/v1/{}?from_on=2020-02-02&to_on=2020-02-02", kind.path);
    let figures: Json = kind
        .rules
        .figures()
        .iter()
        .map(|figure| {
            let count = figure.scale == 0;
            let amount = (!count).then_some("120.00");
            let figure_json = json!({"value": count.then_some(120), "amount": amount, "previous": count.then_some(98), "previous_amount": amount, "suppressed": false, "records_url": url});
            (figure.name.to_owned(), figure_json)
        })
        .collect::<serde_json::Map<String, Json>>()
        .into();
    let persons = kind.rules.figures().iter().any(|figure| figure.is_of_different()).then_some("distinct");
    json!({"kind": kind.name, "by": "day", "district_code": "511802", "area_code": null, "org_id": null, "place_id": null, "from_on": "2020-02-02", "to_on": "2020-02-02", "cumulative": false,
        "catalogue": catalogue, "items": [{"key": "2020-02-02", "label": "2020-02-02", "figures": figures}], "total": figures, "persons_counted": persons, "as_of_change_no": 42,
        "districts": [{"district_code": "511802", "as_of_change_no": 42}]})
}
