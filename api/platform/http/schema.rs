//! JSON Schema (2020-12, as OpenAPI 3.1 has it) from field tables.

use kit::check::LONGEST_WORD;
use kit::field::{Absence, Field, NONE, Shape, USERNAME, Write};
use kit::vocabulary::UNPUBLISHED;
use serde_json::{Map, Value as Json, json};

/// A reference to a named schema.
pub fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The schema of a shape, as it is sent.
pub fn of_shape(shape: &Shape) -> Json {
    shaped(shape, Direction::Sent)
}

fn shaped(shape: &Shape, direction: Direction) -> Json {
    match shape {
        Shape::Text { min, max, pattern } => text(*min, *max, *pattern, direction),
        Shape::Secret { min, max } => {
            json!({"type": "string", "format": "password", "minLength": min, "maxLength": max})
        }
        // Closed for what is sent; of what is read, a client of today must bear the words of tomorrow.
        Shape::Word(vocabulary) if direction == Direction::Served => json!({
            "type": "string", "maxLength": 40, "examples": vocabulary.codes(),
            "description": format!("A word of the vocabulary `{}`, to which new ones may come.", vocabulary.name),
        }),
        // No enumeration: generated clients would have a type for each, and Kotlin none with a word `name`.
        Shape::Word(vocabulary) if vocabulary.name == UNPUBLISHED => json!({
            "type": "string", "maxLength": 60, "pattern": format!("^(?:{})$", vocabulary.codes().join("|")),
        }),
        Shape::Word(vocabulary) if vocabulary.open => {
            let mut schema = text(1, LONGEST_WORD, None, direction);
            if let Some(members) = schema.as_object_mut() {
                members.insert("examples".into(), json!(vocabulary.codes()));
                let about = format!(
                    "A word of the vocabulary `{}`, one that the district added, or another name of either.",
                    vocabulary.name
                );
                members.insert("description".into(), about.into());
            }
            schema
        }
        Shape::Word(vocabulary) => json!({
            "type": "string", "maxLength": 40, "enum": vocabulary.codes(),
            "description": format!("A word of the vocabulary `{}`.", vocabulary.name),
        }),
        Shape::Decimal { scale, min, max } => decimal(*scale, min, max),
        Shape::Integer { min, max } => {
            let format = if *max <= i64::from(i32::MAX) && *min >= i64::from(i32::MIN) { "int32" } else { "int64" };
            json!({"type": "integer", "format": format, "minimum": min, "maximum": max})
        }
        Shape::Number { min, max } => json!({"type": "number", "format": "double", "minimum": min, "maximum": max}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Instant => within_years(json!({"type": "string", "format": "date-time", "maxLength": 40}), direction),
        Shape::Day => within_years(json!({"type": "string", "format": "date", "maxLength": 10}), direction),
        // One form of two: of a choice generated clients make types that can't be sent.
        Shape::Account if direction != Direction::Served => {
            let mut schema = shaped(&USERNAME, direction);
            kit::json::put(&mut schema, "description", "The account's id, or its user name.");
            schema
        }
        Shape::Id | Shape::Account | Shape::Reference(_) => {
            json!({"type": "string", "format": "uuid", "maxLength": 36})
        }
        Shape::Inline(kind, _) => json!({"type": "object", "description": format!("A record of `{kind}`.")}),
        Shape::Area => {
            json!({"type": "string", "minLength": 2, "maxLength": 15, "pattern": "^[0-9]{2,12}(-[0-9]{2})?$"})
        }
        Shape::List { of, max } => {
            json!({"type": "array", "items": shaped(of, direction), "maxItems": max, "uniqueItems": true})
        }
        Shape::Object(fields) => nested(fields, direction),
    }
}

/// The schema of a parameter's field: records are sought by codes, not by names.
pub fn of_parameter(field: &Field) -> Json {
    let mut schema = of_field(field, false, Direction::Sent);
    let Some(members) = schema.as_object_mut() else { return schema };
    if matches!(field.shape, Shape::Word(vocabulary) if vocabulary.open) {
        members.insert("pattern".into(), "^[a-z0-9_]+$".into());
    }
    if field.absence == Absence::Sought {
        take_none(members);
    }
    schema
}

/// Adds the value that seeks those that have none. An id becomes a text with a pattern: of a choice of two forms
/// generated clients make types that can't be sent.
fn take_none(members: &mut Map<String, Json>) {
    if let Some(Json::Array(words)) = members.get_mut("enum") {
        words.push(NONE.into());
    }
    if members.remove("format").is_some() {
        members.insert("pattern".into(), format!("^(?:{NONE}|{ID})$").into());
    }
    let about = members.get("description").and_then(Json::as_str).unwrap_or_default();
    members.insert("description".into(), format!("{about} `{NONE}`: those that have none.").trim().into());
}

/// Pattern of an id.
const ID: &str = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[1-8][0-9A-Fa-f]{3}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";

/// Pattern of texts without one of their own: not blank, and of control characters only tabs and line breaks.
const VISIBLE: &str =
    r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$";

/// Values served may be masked or older than the rule, so only those sent have the pattern.
fn text(min: usize, max: usize, pattern: Option<&str>, direction: Direction) -> Json {
    let mut schema = json!({"type": "string", "minLength": min, "maxLength": max});
    let pattern = match pattern {
        Some(pattern) => Some(format!("^(?:{pattern})$")),
        None => (direction != Direction::Served).then(|| VISIBLE.to_owned()),
    };
    if let (Some(pattern), Some(members)) = (pattern, schema.as_object_mut()) {
        members.insert("pattern".into(), pattern.into());
    }
    schema
}

/// A decimal string: its sign, digits and places are said by the pattern, its exact bounds in words.
fn decimal(scale: u32, min: &str, max: &str) -> Json {
    let whole = |bound: &str| bound.trim_start_matches('-').split('.').next().map_or(1, str::len);
    let sign = if min.starts_with('-') { "-?" } else { "" };
    let digits = whole(min).max(whole(max));
    let places = if scale == 0 { String::new() } else { format!("(\\.[0-9]{{1,{scale}}})?") };
    json!({
        "type": "string", "maxLength": 30, "pattern": format!("^{sign}[0-9]{{1,{digits}}}{places}$"),
        "description": format!("An exact decimal from {min} to {max}, at most {scale} decimal places."),
    })
}

/// Days and instants that are sent lie in the years 1900 to 2199.
fn within_years(mut schema: Json, direction: Direction) -> Json {
    if let (true, Some(members)) = (direction != Direction::Served, schema.as_object_mut()) {
        members.insert("pattern".into(), "^(?:19|20|21)[0-9]{2}-".into());
    }
    schema
}

/// Direction in which an object goes, between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Sent to create: what the client writes, required where required.
    Sent,
    /// Sent as a merge patch: nothing required, null takes out.
    Patched,
    /// Served: everything, null where there is nothing.
    Served,
}

/// An object within a field: served with what the server added, and without what nobody gave.
fn nested(fields: &[Field], direction: Direction) -> Json {
    let mut schema = form(fields);
    let Some(members) = schema.as_object_mut().filter(|_| direction == Direction::Served) else { return schema };
    members.remove("additionalProperties");
    let all = fields.iter().filter(|field| !matches!(field.shape, Shape::Inline(..) | Shape::Secret { .. }));
    let properties = all.map(|field| (field.name.to_owned(), of_field(field, field.takes_null(), direction)));
    members.insert("properties".into(), properties.collect::<Map<String, Json>>().into());
    schema
}

/// The schema of a form.
pub fn form(fields: &[Field]) -> Json {
    object(&fields.iter().collect::<Vec<_>>(), Direction::Sent)
}

/// The schema of an object of these fields.
pub fn object(fields: &[&Field], direction: Direction) -> Json {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    for field in fields {
        let left_out = match direction {
            Direction::Sent => field.write == Write::Never,
            Direction::Patched => field.write != Write::Always || matches!(field.shape, Shape::Inline(..)),
            Direction::Served => matches!(field.shape, Shape::Inline(..) | Shape::Secret { .. }),
        };
        if left_out {
            continue;
        }
        let always = direction == Direction::Served || (direction == Direction::Sent && field.required);
        if always {
            required.push(field.name);
        }
        properties.insert(field.name.into(), of_field(field, field.takes_null(), direction));
    }
    let mut schema = json!({"type": "object", "properties": properties});
    let Some(members) = schema.as_object_mut() else { return schema };
    // Objects served may have more members some day; saying so would only make clients of maps.
    if direction != Direction::Served {
        members.insert("additionalProperties".into(), false.into());
    }
    if !required.is_empty() {
        members.insert("required".into(), required.into());
    }
    schema
}

/// The schema of a field, with what it means.
pub fn of_field(field: &Field, nullable: bool, direction: Direction) -> Json {
    let mut schema = match field.shape {
        Shape::Inline(_, schema) => reference(&format!("New{schema}")),
        shape => shaped(&shape, direction),
    };
    let Some(members) = schema.as_object_mut() else { return schema };
    if field.least > 0 && direction != Direction::Served {
        members.insert("minItems".into(), field.least.into());
    }
    let shape_says =
        members.get("description").and_then(Json::as_str).map(|text| format!(" {text}")).unwrap_or_default();
    members.insert("description".into(), format!("{}{shape_says}", field.about).trim().into());
    // A title would become the name of a type where a client makes one: of words, objects and lists of them.
    let named = matches!(field.shape, Shape::Word(_) | Shape::Object(_) | Shape::List { .. } | Shape::Inline(..));
    let label = if named { "x-label" } else { "title" };
    members.insert(label.into(), format!("{} · {}", field.label.en, field.label.zh).into());
    if nullable {
        make_nullable(members);
    }
    schema
}

fn make_nullable(members: &mut Map<String, Json>) {
    if let Some(Json::String(name)) = members.get("type").cloned() {
        members.insert("type".into(), json!([name, "null"]));
    }
    if let Some(Json::Array(words)) = members.get_mut("enum") {
        words.push(Json::Null);
    }
    if let Some(target) = members.remove("$ref") {
        members.insert("oneOf".into(), json!([{"$ref": target}, {"type": "null"}]));
    }
}
