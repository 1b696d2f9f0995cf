//! The operations of figures, and what they look like.

use actix_web::http::Method;
use kit::catalogue::Code;
use serde_json::{Value as Json, json};

use super::{of_kind, parameters};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::{Role, with_statistics};
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Operation, Tells};
use crate::records::{Kind, Registry};

/// Roles that see a kind's figures: those that read its records, and those that read figures only.
pub fn readers(kind: &'static Kind) -> &'static [Role] {
    with_statistics(kind.readers)
}

/// The operations: one a kind that has figures.
pub fn operations(kinds: &Registry) -> Vec<Operation> {
    kinds.kinds().filter(|kind| !kind.rules.figures().is_empty()).map(operation).collect()
}

fn operation(kind: &'static Kind) -> Operation {
    let figures: Vec<String> = kind
        .rules
        .figures()
        .iter()
        .map(|figure| format!("`{}` ({}, {})", figure.name, figure.label.en, figure.unit.zh))
        .collect();
    let about = format!(
        "{}. Series have no gaps; each figure stands beside that of the period before and links to the records that prove it. `If-None-Match` answers 304 from memory. Keys without `small_cells` and accounts that only read statistics see whole days of townships and above: 1 to 9 hidden, the rest rounded to 5.",
        figures.join(", ")
    );
    Operation::new(Method::GET, format!("/v1/stats/{}", kind.path), format!("get_{}_figures", kind.name), move |call| {
        of_kind(kind, call)
    })
    .described("stats", format!("Figures of {}", kind.name.replace('_', " ")), about)
    .access(Access::Roles(readers(kind)))
    .keys(KeyScope::Statistics)
    .tells(Tells::Figures { readers: kind.readers, roles: readers(kind) })
    .parameters(parameters::of(kind))
    .headers(&["If-None-Match"])
    .answers_with(200, "The figures.", Some(reference("Statistics")), Some(example(kind)))
    .with_headers(&["ETag"])
    .as_files(vec!["text/csv"])
    .answers_nothing(304, "Nothing changed.")
    .problems(&[Code::DistrictRequired, Code::NotFound, Code::KeyOutOfScope])
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
    let persons = kind.rules.figures().iter().any(|figure| figure.is_of_people()).then_some("distinct");
    json!({"kind": kind.name, "by": "day", "district_code": "511802", "area_code": null, "org_id": null, "place_id": null, "from_on": "2020-02-02", "to_on": "2020-02-02", "cumulative": false,
        "catalogue": catalogue, "items": [{"key": "2020-02-02", "label": "2020-02-02", "figures": figures}], "total": figures, "persons_counted": persons, "as_of_change_no": 42})
}

/// A count of changes.
pub fn change_no() -> Json {
    json!({"type": "integer", "minimum": 0, "maximum": 9_007_199_254_740_991_i64, "description": "Counted as of this change."})
}

/// A text, or null.
pub fn text(about: &str, max: i64) -> Json {
    json!({"type": ["string", "null"], "maxLength": max, "description": about})
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let count = |about: &str| json!({"type": ["integer", "null"], "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64, "description": about});
    let figure = json!({"type": "object", "description": "A figure.", "required": ["value", "amount", "previous", "previous_amount", "suppressed", "records_url"], "properties": {
        "value": count("How many; null for amounts and for what is hidden."), "amount": text("How much, as a decimal, of what isn't counted in whole numbers.", 40),
        "previous": count("The same of the period before, of equal length."), "previous_amount": text("The same of the period before.", 40),
        "suppressed": {"type": "boolean", "description": "Whether small numbers are hidden in it: then it is null, or the sum of what isn't hidden."},
        "records_url": text("The list of the records behind it, for those who may read them.", 500)}});
    let entry = json!({"type": "object", "description": "What a figure is called.", "required": ["name", "label", "unit"], "properties": {"name": text("Its name in `figures`.", 60), "label": text("What people call it.", 100), "unit": text("What is counted.", 40)}});
    let figures = json!({"type": "object", "description": "Figures by name.", "maxProperties": 100, "additionalProperties": reference("Figure")});
    let item = json!({"type": "object", "description": "A line.", "required": ["key", "label", "figures"], "properties": {"key": text("A day, an instant, an area code, a place, an organisation; null for records without one.", 60), "label": text("That in words.", 200), "figures": figures}});
    let statistics = json!({"type": "object", "description": "Figures of a kind of records.", "required": ["kind", "by", "district_code", "area_code", "org_id", "place_id", "from_on", "to_on", "cumulative", "catalogue", "items", "total", "persons_counted", "as_of_change_no"], "properties": {
        "kind": text("The kind.", 60), "by": text("What a line stands for.", 20), "district_code": text("The district.", 6), "area_code": text("The area asked for, or the caller's own.", 40),
        "org_id": text("The organisation asked for.", 36), "place_id": text("The place asked for.", 36), "from_on": text("First day; null from the beginning.", 10), "to_on": text("Last day.", 10),
        "cumulative": {"type": "boolean", "description": "Whether it is all until the last day."},
        "catalogue": {"type": "array", "maxItems": 100, "description": "What the figures are called.", "items": entry},
        "items": {"type": "array", "maxItems": 100_000, "description": "The lines.", "items": item}, "total": figures,
        "persons_counted": text("How people are counted in `total`: `distinct`, or `person_days` where no count of different people is kept for such a period.", 20), "as_of_change_no": change_no()}});
    vec![("Figure".into(), figure), ("Statistics".into(), statistics)]
}
