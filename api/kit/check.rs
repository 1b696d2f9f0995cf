//! The check of a tree against a field table: every fault is found, what is good is kept.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::catalogue::FaultCode;
use super::faults::Faults;
use super::field::{Field, Shape, USERNAME, Write};
use super::scalars::{self, Flaw, Reading};
use super::tree::Tree;
use super::value::{Value, Values};
use super::walk::{escape, note_nul};

/// Checks an object against a table. Returns the good values; the faults of the others are noted.
/// Unknown and repeated members are faults of form. A missing required field is a fault.
pub fn check_object(fields: &[&Field], tree: &Tree, pointer: &str, faults: &mut Faults) -> Values {
    let mut values = Values::default();
    let Tree::Object(members) = tree else {
        faults.add(pointer, FaultCode::NOT_AN_OBJECT);
        return values;
    };
    // Of a body full of unknown names each is looked at once: it must not cost more than it is long.
    let mut seen = HashSet::with_capacity(members.len());
    for (name, member) in members {
        let at = format!("{pointer}/{}", escape(name));
        if !seen.insert(name.as_str()) {
            faults.add(at, FaultCode::DUPLICATE_FIELD);
            continue;
        }
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            faults.add(&at, FaultCode::UNKNOWN_FIELD);
            note_nul(member, &at, faults);
            continue;
        };
        if let Some(value) = check_field(field, member, &at, faults) {
            values.set(field.name, value);
        }
    }
    for field in fields.iter().filter(|field| field.required && field.write != Write::Never) {
        let at = format!("{pointer}/{}", field.name);
        if !seen.contains(field.name) && !faults.touches(&at) {
            faults.add(at, FaultCode::REQUIRED);
        }
    }
    values
}

fn check_field(field: &Field, tree: &Tree, at: &str, faults: &mut Faults) -> Option<Value> {
    if field.write == Write::Never {
        faults.add(at, FaultCode::READ_ONLY);
        return None;
    }
    if matches!(tree, Tree::Null) {
        if !field.takes_null() {
            faults.add(at, FaultCode::NOT_NULL);
            return None;
        }
        return Some(Value::Null);
    }
    let value = check_shape(&field.shape, tree, at, faults)?;
    if matches!(tree, Tree::List(items) if items.len() < field.least) {
        faults.add_with(at, FaultCode::TOO_FEW, vec![("min", field.least.to_string())]);
        return None;
    }
    Some(value)
}

/// Checks one value against a shape.
pub fn check_shape(shape: &Shape, tree: &Tree, at: &str, faults: &mut Faults) -> Option<Value> {
    let before = faults.list().len();
    note_nul(tree, at, faults);
    if faults.list().len() > before {
        return None;
    }
    match shape {
        Shape::List { of, max } => check_list(of, *max, tree, at, faults),
        Shape::Object(fields) => {
            let fields: Vec<&Field> = fields.iter().collect();
            let values = check_object(&fields, &without_server_members(&fields, tree), at, faults);
            is_readable(faults, before).then(|| Value::Json(to_object(&values)))
        }
        // The record's own table checks it; here it only passes through.
        Shape::Inline(..) => Some(Value::Null),
        scalar => match read_scalar(scalar, tree) {
            Ok(value) => {
                note_closed(scalar, &value, at, faults);
                Some(value)
            }
            Err((code, values)) => {
                faults.add_with(at, code, values);
                None
            }
        },
    }
}

/// A closed word is known, and nobody may write it. A list may still be asked for it.
fn note_closed(shape: &Shape, value: &Value, at: &str, faults: &mut Faults) {
    if let (Shape::Word(vocabulary), Value::Text(code)) = (shape, value)
        && vocabulary.find(code).is_some_and(|word| word.closed)
    {
        faults.add(at, FaultCode::CLOSED_CATEGORY);
    }
}

/// Whether a list or an object can be judged further: what is only closed can.
fn is_readable(faults: &Faults, before: usize) -> bool {
    faults.list().iter().skip(before).all(|fault| fault.code == FaultCode::CLOSED_CATEGORY)
}

/// Leaves out the members that the server adds to a line of a list: they come back with the line when a client amends
/// the list, and are made anew.
fn without_server_members(fields: &[&Field], tree: &Tree) -> Tree {
    let is_server = |name: &str| fields.iter().any(|field| field.name == name && field.write == Write::Never);
    match tree {
        Tree::Object(members) => Tree::Object(members.iter().filter(|(name, _)| !is_server(name)).cloned().collect()),
        other => other.clone(),
    }
}

fn check_list(of: &Shape, max: usize, tree: &Tree, at: &str, faults: &mut Faults) -> Option<Value> {
    let Tree::List(items) = tree else {
        faults.add_with(at, FaultCode::WRONG_TYPE, vec![("type", "array".into())]);
        return None;
    };
    if items.len() > max {
        faults.add_with(at, FaultCode::TOO_MANY, vec![("max", max.to_string())]);
        return None;
    }
    let before = faults.list().len();
    let mut list: Vec<Json> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let at = format!("{at}/{index}");
        let Some(value) = check_shape(of, item, &at, faults) else { continue };
        let json = value.to_json(chrono_tz::UTC);
        if list.contains(&json) {
            faults.add(at, FaultCode::REPEATED_ITEM);
        }
        list.push(json);
    }
    is_readable(faults, before).then_some(Value::Json(Json::Array(list)))
}

fn read_scalar(shape: &Shape, tree: &Tree) -> Reading {
    match (shape, tree) {
        (Shape::Boolean, Tree::Boolean(boolean)) => Ok(Value::Boolean(*boolean)),
        (Shape::Boolean, _) => Err(scalars::wrong_type("boolean")),
        (Shape::Integer { min, max }, Tree::Number(n)) => scalars::read_integer(scalars::integral(n), *min, *max),
        (Shape::Integer { .. }, _) => Err(scalars::wrong_type("integer")),
        (Shape::Number { min, max }, Tree::Number(n)) => scalars::read_number(n.as_f64(), *min, *max),
        (Shape::Number { .. }, _) => Err(scalars::wrong_type("number")),
        (_, Tree::Text(text)) => read_from_text(shape, text),
        (_, _) => Err(scalars::wrong_type("string")),
    }
}

/// The longest word of an open vocabulary, a name that people write among them.
pub const LONGEST_WORD: usize = 40;

/// Whether a text has the form of a word's code.
pub fn is_code(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Whether a text where an account is named is a user name, and no id.
pub fn is_username(text: &str) -> bool {
    read_from_text(&USERNAME, text).is_ok() && scalars::read_id(text.trim()).is_err()
}

/// Reads a value from text: JSON strings and query parameters.
pub fn read_from_text(shape: &Shape, text: &str) -> Reading {
    match shape {
        Shape::Text { min, max, pattern } => scalars::read_text(text, *min, *max, *pattern),
        Shape::Secret { min, max } => scalars::read_secret(text, *min, *max),
        Shape::Word(vocabulary) => match vocabulary.find(text) {
            Some(word) => Ok(Value::Text(word.code.to_owned())),
            // Whoever knows the words of the district judges it.
            None if vocabulary.open => scalars::read_text(text, 1, LONGEST_WORD, None),
            None => Err((FaultCode::NOT_IN_VOCABULARY, vec![("words", vocabulary.codes().join(", "))])),
        },
        Shape::Decimal { scale, min, max } => scalars::read_decimal(text, *scale, min, max),
        Shape::Integer { min, max } => scalars::read_integer(text.parse().ok(), *min, *max),
        Shape::Number { min, max } => scalars::read_number(text.parse().ok(), *min, *max),
        Shape::Boolean => text.parse().map(Value::Boolean).map_err(|_| scalars::wrong_type("boolean")),
        Shape::Instant => scalars::read_instant(text),
        Shape::Day => scalars::read_day(text),
        Shape::Id | Shape::Account | Shape::Reference(_) => scalars::read_id(text),
        Shape::Area => scalars::read_text(text, 2, 15, Some("[0-9]{2,12}(-[0-9]{2})?")),
        Shape::List { of, max } => read_list_from_text(of, *max, text),
        Shape::Object(_) | Shape::Inline(..) => Err::<Value, Flaw>(scalars::wrong_type("object")),
    }
}

/// Reads a list from text: its items with commas in between, each once.
fn read_list_from_text(of: &Shape, max: usize, text: &str) -> Reading {
    let mut items: Vec<Json> = Vec::new();
    for text in text.split(',') {
        if items.len() == max {
            return Err((FaultCode::TOO_MANY, vec![("max", max.to_string())]));
        }
        let item = read_from_text(of, text)?.to_json(chrono_tz::UTC);
        if items.contains(&item) {
            return Err(scalars::flaw(FaultCode::REPEATED_ITEM));
        }
        items.push(item);
    }
    Ok(Value::Json(Json::Array(items)))
}

fn to_object(values: &Values) -> Json {
    let members: Map<String, Json> =
        values.iter().map(|(name, value)| (name.to_owned(), value.to_json(chrono_tz::UTC))).collect();
    Json::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::free_text;
    use crate::text::Text;
    use crate::vocabulary::{Vocabulary, word};

    static COLOURS: Vocabulary =
        Vocabulary::new("colour", Text::new("c", "色"), &[word("red", "red", "红"), word("blue", "blue", "蓝")]);
    static FIELDS: &[Field] = &[
        Field::new("name", free_text(5), Text::new("n", "名"), "").required(),
        Field::new("colours", Shape::List { of: &Shape::Word(&COLOURS), max: 3 }, Text::new("c", "色"), ""),
        Field::new("revision", Shape::Integer { min: 1, max: 9 }, Text::new("r", "版"), "").by_server(),
        Field::new(
            "inner",
            Shape::Object(&[Field::new("a", Shape::Boolean, Text::new("a", "甲"), "")]),
            Text::new("i", "内"),
            "",
        ),
    ];

    fn check(text: &str) -> (Values, Vec<(String, &'static str)>) {
        let mut faults = Faults::default();
        let fields: Vec<&Field> = FIELDS.iter().collect();
        let values = check_object(&fields, &Tree::parse(text.as_bytes()).unwrap(), "", &mut faults);
        (values, faults.list().iter().map(|f| (f.pointer.clone(), f.code.code())).collect())
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let (_, faults) = check(
            r#"{"name":"toolong","colours":["red","green","red"],"x/y":1,"revision":2,"inner":{"a":1,"b":2},"inner":{}}"#,
        );
        assert_eq!(
            faults,
            vec![
                ("/name".into(), "too_long"),
                ("/colours/1".into(), "not_in_vocabulary"),
                ("/colours/2".into(), "repeated_item"),
                ("/x~1y".into(), "unknown_field"),
                ("/revision".into(), "read_only"),
                ("/inner/a".into(), "wrong_type"),
                ("/inner/b".into(), "unknown_field"),
                ("/inner".into(), "duplicate_field"),
            ]
        );
    }

    #[test]
    fn absent_null_and_nul_differ() {
        let (values, faults) = check(r#"{"name":"a","inner":null}"#);
        assert!(faults.is_empty() && values.has("inner") && values.get("inner").is_none() && !values.has("colours"));
        assert_eq!(check(r#"{}"#).1, vec![("/name".into(), "required")]);
        assert_eq!(check(r#"{"name":null}"#).1, vec![("/name".into(), "not_null")]);
        assert_eq!(check(r#"{"name":"a\u0000"}"#).1, vec![("/name".into(), "nul_character")]);
        assert_eq!(check("[]").1, vec![(String::new(), "not_an_object")]);
    }
}
