//! The schemas of a kind for the document, and examples made from its own.

use kit::field::{Field, Privacy, Shape};
use kit::json::put;
use serde_json::{Map, Value as Json, json};

use super::definition::Kind;
use super::include::SCHEMA;
use crate::platform::http::page;
use crate::platform::http::schema::{Direction, object, of_field, reference};

/// The members of the envelope that the server adds: name, schema, example.
fn server_fields() -> Vec<(&'static str, Json, Json)> {
    let id = || json!({"type": "string", "format": "uuid", "maxLength": 36});
    let instant = || json!({"type": "string", "format": "date-time", "maxLength": 40});
    let described = |mut schema: Json, about: &str, nullable: bool| {
        if let (true, Some(members)) = (nullable, schema.as_object_mut())
            && let Some(name) = members.get("type").cloned()
        {
            members.insert("type".into(), json!([name, "null"]));
        }
        put(&mut schema, "description", about);
        schema
    };
    let text = |max: u32| json!({"type": "string", "maxLength": max});
    let count = || json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX});
    let when = json!("2020-02-02T08:30:05.123456+08:00");
    let who = json!("0198c0de-0000-7000-8000-00000000000a");
    vec![
        ("kind", described(text(40), "The kind of record.", false), Json::Null),
        (
            "area_code_submitted",
            described(text(20), "The area code that was submitted, where it differs.", true),
            Json::Null,
        ),
        (
            "clock_skew_s",
            described(
                json!({"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX}),
                "Seconds by which the device's clock ran ahead.",
                true,
            ),
            Json::Null,
        ),
        ("recorded_at", described(instant(), "When the server first had it.", false), when.clone()),
        ("recorded_by", described(id(), "The account that sent it first.", false), who.clone()),
        ("source", described(text(80), "`api`, `sync`, `import:<id>` or `system`.", false), "api".into()),
        ("revision", described(count(), "From 1; one more at each amendment.", false), 1.into()),
        ("change_no", described(count(), "The number of this revision in the district's ledger.", false), 1.into()),
        ("revised_at", described(instant(), "When this revision was made.", false), when),
        ("revised_by", described(id(), "The account that made this revision.", false), who),
        ("voided_at", described(instant(), "When it was voided.", true), Json::Null),
        ("void_reason", described(text(500), "Why it was voided.", true), Json::Null),
        ("restore_reason", described(text(500), "Why it holds again after it was void.", true), Json::Null),
        (
            "purged_at",
            described(instant(), "When its personal fields were purged: they are null since.", true),
            Json::Null,
        ),
        (
            "warnings",
            json!({"type": "array", "maxItems": 50, "items": reference("RecordWarning"), "description": "What is implausible about it."}),
            json!([]),
        ),
    ]
}

/// Whether a member is one that only the server writes.
pub fn is_server_field(_kind: &Kind, name: &str) -> bool {
    server_fields().iter().any(|(other, ..)| *other == name)
}

/// The schema of a form with its description.
pub fn described(fields: &'static [Field], about: &str) -> Json {
    let mut schema = object(&fields.iter().collect::<Vec<_>>(), Direction::Sent);
    kit::json::put(&mut schema, "description", about);
    schema
}

/// The schemas of a kind: the record, what creates it, what amends it, a page.
pub fn schemas(kind: &Kind) -> Vec<(String, Json)> {
    let fields = kind.body_fields();
    let named = |mut schema: Json, about: String| {
        put(&mut schema, "description", about);
        schema
    };
    let mut schemas = vec![
        (kind.schema.to_owned(), named(served(kind, &fields), kind.about.to_owned())),
        (format!("{}Page", kind.schema), page_of(kind.schema)),
    ];
    if kind.writers.is_empty() {
        return schemas;
    }
    schemas.extend([
        (
            format!("New{}", kind.schema),
            named(object(&fields, Direction::Sent), format!("Creates a record: {}", kind.about)),
        ),
        (
            format!("{}Patch", kind.schema),
            named(
                object(&fields, Direction::Patched),
                "A merge patch (RFC 7396): what is absent stays, null takes out.".into(),
            ),
        ),
    ]);
    schemas
}

/// A page of records, with what they name.
fn page_of(items: &str) -> Json {
    let mut page = page::schema(&reference(items));
    if let Some(properties) = page.get_mut("properties") {
        put(properties, "included", reference(SCHEMA));
    }
    page
}

fn served(kind: &Kind, fields: &[&Field]) -> Json {
    let mut schema = object(fields, Direction::Served);
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.remove("area_edition");
        // A place's own `kind` stands for the envelope's.
        for (name, member, _) in server_fields().into_iter().filter(|(name, ..)| kind.field(name).is_none()) {
            properties.insert(name.to_owned(), member);
        }
        for field in fields.iter().filter(|field| matches!(field.name, "id" | "area_code" | "occurred_at")) {
            properties.insert(field.name.into(), of_field(field, false, Direction::Served));
        }
        // A mask's form isn't the field's own.
        for field in fields.iter().filter(|field| matches!(field.privacy, Privacy::Masked(_))) {
            if let Some(members) = properties.get_mut(field.name).and_then(Json::as_object_mut) {
                members.remove("pattern");
            }
        }
        for field in fields.iter().filter(|field| matches!(field.privacy, Privacy::Coarse(_))) {
            let about = json!({"type": ["string", "null"], "maxLength": 20, "description": field.about});
            properties.insert(field.name.into(), about);
        }
        let names: Vec<Json> = properties.keys().map(|name| name.clone().into()).collect();
        put(&mut schema, "required", names);
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.insert("included".into(), reference(SCHEMA));
    }
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut)
        && kind.rules.plain_to_assignee()
    {
        let about = "Who it is about, plainly: `id`, `name`, `phone`, `address`. Only for whoever answers for that person (a supervisor, an assignee), in an item and in lists with `assignee=me`. Each reading that tells somebody is audited.";
        properties.insert("person_plain".into(), json!({"type": "object", "description": about}));
    }
    schema
}

/// Name of the schema of what is told of a record where some members are asked for alone.
const PART_OF_A_RECORD: &str = "PartOfRecord";
/// Name of the schema of a page of such.
pub const PAGE_OF_PARTS: &str = "PageOfParts";

fn part_of_a_record() -> Json {
    let id = json!({"type": "string", "format": "uuid", "maxLength": 36, "description": "The record."});
    json!({"type": "object", "required": ["id"], "properties": {"id": id}, "description": "With `fields`: the `id` and those members of the record that were asked for, each as in the whole record. It has none of the others, even of those that a whole one always has."})
}

/// The example of a creation, as the room gives it.
pub fn example_new(kind: &Kind) -> Json {
    serde_json::from_str(kind.example).unwrap_or(Json::Null)
}

/// The id of the record that the example of a creation makes; some id where the server chooses it.
pub fn example_id(kind: &Kind) -> Json {
    example_new(kind).get("id").cloned().unwrap_or_else(|| "0198c0de-0004-7000-8000-000000000001".into())
}

/// The example of an amendment: a note, where the kind takes one.
pub fn example_patch(kind: &Kind) -> Json {
    if kind.takes_note {
        json!({"note": "corrected after a call"})
    } else {
        json!({"occurred_at": "2020-02-02T00:00:00+08:00"})
    }
}

/// Example of the answer to that creation, as far as it can be told without a server.
pub fn example_served(kind: &Kind) -> Json {
    let sent = example_new(kind);
    let mut members: Map<String, Json> =
        server_fields().into_iter().map(|(name, _, example)| (name.to_owned(), example)).collect();
    members.insert("kind".into(), kind.name.into());
    for field in kind.body_fields() {
        if field.name == "area_edition" || matches!(field.shape, Shape::Inline(..)) {
            continue;
        }
        let value = sent.get(field.name).cloned().unwrap_or_else(|| default_of(field));
        let value = match field.mask() {
            Some(mask) if !value.is_null() => mask(&value),
            _ => value,
        };
        members.insert(field.name.into(), value);
    }
    Json::Object(members)
}

fn default_of(field: &Field) -> Json {
    match (field.name, field.shape) {
        ("area_code", _) => "511802005".into(),
        ("id", _) => "8f0c2a52-7d0a-8b1e-9a35-3f0c5d2f4b10".into(),
        ("occurred_at", _) => "2020-02-02T08:30:00+08:00".into(),
        ("person_id", _) => "8f0c2a52-7d0a-8b1e-9a35-3f0c5d2f4b10".into(),
        (_, Shape::Boolean) if field.required => true.into(),
        (_, Shape::Word(vocabulary)) if field.required => vocabulary.words.first().map(|word| word.code).into(),
        (_, Shape::Day) if field.required => "2020-02-02".into(),
        (_, Shape::Instant) if field.required => "2020-02-02T08:30:00+08:00".into(),
        (_, Shape::List { .. }) if field.required => json!([]),
        (_, Shape::Decimal { .. }) if field.required => "1".into(),
        (_, Shape::Integer { min, .. }) if field.required => min.max(1).into(),
        (_, Shape::Id | Shape::Account | Shape::Reference(_)) if field.required => {
            "8f0c2a52-7d0a-8b1e-9a35-3f0c5d2f4b10".into()
        }
        (_, Shape::Text { .. }) if field.required => "…".into(),
        _ => Json::Null,
    }
}

/// The schemas of what all kinds have in common.
pub fn of_all_kinds() -> Vec<(String, Json)> {
    vec![
        (SCHEMA.into(), super::include::schema()),
        (PART_OF_A_RECORD.into(), part_of_a_record()),
        (PAGE_OF_PARTS.into(), page_of(PART_OF_A_RECORD)),
        ("RevisionPage".into(), super::history::schema()),
        ("Restoring".into(), described(super::operations::RESTORE, "Restores a void record.")),
        ("VoidingOfOne".into(), super::batch_change::voiding_of_one()),
        ("Voiding".into(), described(super::operations::VOID, "Voids a record.")),
    ]
}
