//! Completes the document's schemas, whoever wrote them: integers get their width and
//! greatest value, texts their greatest length.

use serde_json::{Map, Value as Json};

/// Completes every schema within a document. Examples are left as they are.
pub fn tidied(mut document: Json) -> Json {
    tidy(&mut document);
    document
}

fn tidy(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(tidy),
        Json::Object(members) => {
            if is_type(members, "integer") {
                let narrow = members.entry("format").or_insert("int64".into()) == "int32";
                let greatest = if narrow { i64::from(i32::MAX) } else { i64::MAX };
                members.entry("maximum").or_insert(greatest.into());
            }
            if is_type(members, "string")
                && !["maxLength", "enum", "const"].iter().any(|name| members.contains_key(*name))
            {
                members.insert("maxLength".into(), longest(members).into());
            }
            let schemas = members.iter_mut().filter(|(name, _)| !["example", "examples"].contains(&name.as_str()));
            schemas.for_each(|(_, member)| tidy(member));
        }
        _ => {}
    }
}

fn is_type(members: &Map<String, Json>, name: &str) -> bool {
    match members.get("type") {
        Some(Json::String(one)) => one == name,
        Some(Json::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn longest(members: &Map<String, Json>) -> u32 {
    match members.get("format").and_then(Json::as_str) {
        Some("uuid") => 36,
        Some("date-time") => 40,
        Some("date") => 10,
        _ => 2_000,
    }
}
