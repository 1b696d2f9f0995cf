//! Days that a record names, beside when it happened: 2010 for 2020 is a slip of the finger, kept and said.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use kit::field::{Field, Shape, Write};
use kit::time::is_plausible;
use kit::value::Value;
use serde_json::Value as Json;

use super::draft::Draft;
use super::warnings::DAY_IMPLAUSIBLE;

/// Warns of every day that a client sent, in lists and objects too, that lies far from when the record happened.
pub fn judge_days(draft: &mut Draft, occurred_at: DateTime<Utc>, zone: Tz) {
    let mut named = Vec::new();
    for field in draft.kind.body_fields() {
        match draft.values.get(field.name) {
            Some(Value::Day(day)) if !field.any_day && field.write != Write::Never => {
                named.push((field.name.to_owned(), *day));
            }
            Some(Value::Json(json)) if field.write != Write::Never => {
                note_days(field, &field.shape, json, field.name.to_owned(), &mut named);
            }
            _ => {}
        }
    }
    for (field, _) in named.iter().filter(|(_, day)| !is_plausible(*day, occurred_at, zone)) {
        draft.warn(&DAY_IMPLAUSIBLE, field);
    }
}

/// The days inside a list or an object, with their pointers.
fn note_days(field: &Field, shape: &Shape, json: &Json, pointer: String, named: &mut Vec<(String, NaiveDate)>) {
    match (shape, json) {
        (Shape::Day, Json::String(text)) if !field.any_day => {
            named.extend(text.parse().ok().map(|day| (pointer, day)));
        }
        (Shape::List { of, .. }, Json::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                note_days(field, of, item, format!("{pointer}/{index}"), named);
            }
        }
        (Shape::Object(members), Json::Object(object)) => {
            for member in *members {
                if let Some(value) = object.get(member.name) {
                    note_days(member, &member.shape, value, format!("{pointer}/{}", member.name), named);
                }
            }
        }
        _ => {}
    }
}
