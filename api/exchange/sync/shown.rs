//! Form in which others than its author see a phone's item: masked as records of its kind are, so that whoever
//! lets it through sees what he lets through.

use kit::field::Shape;
use kit::json::put;
use kit::tree::to_json;
use serde_json::{Map, Value as Json, json};

use super::item::Item;
use crate::platform::access::roles::Actor;
use crate::records::{Kind, Registry};

/// Whether somebody who supervises an area reads what was sent there of a kind.
pub fn is_shown(reader: &Actor, kind: &Kind, area_code: &str) -> bool {
    reader.reaches(kind.readers, area_code, None)
}

/// An item's frame, and its body masked.
pub fn item(kinds: &Registry, kind: &Kind, item: &Item) -> Json {
    let mut shown = json!({"kind": kind.name, "op": item.op(), "id": item.id()});
    for name in ["base_revision", "occurred_at", "device_time", "captured_by"] {
        if let Some(value) = item.frame.get(name) {
            put(&mut shown, name, value.to_json(chrono_tz::UTC));
        }
    }
    let sent = to_json(&item.body);
    let body = match (item.op(), &sent) {
        ("void", Json::Object(members)) => json!({"reason": members.get("reason")}),
        ("create" | "amend", Json::Object(members)) => body(kinds, kind, members),
        _ => Json::Null,
    };
    put(&mut shown, "body", body);
    shown
}

/// The members of a body. What the kind doesn't know is never written, and its value isn't told.
pub fn body(kinds: &Registry, kind: &Kind, members: &Map<String, Json>) -> Json {
    let fields = kind.body_fields();
    let shown = |(name, value): (&String, &Json)| {
        let field = fields.iter().find(|field| field.name == name);
        let value = match field.map(|field| (field.shape, field.mask())) {
            None => Json::Null,
            Some(_) if value.is_null() => Json::Null,
            Some((Shape::Inline(inner, _), _)) => match (kinds.kind(inner), value.as_object()) {
                (Some(inner), Some(members)) => body(kinds, inner, members),
                _ => Json::Null,
            },
            Some((_, Some(mask))) => mask(value),
            Some((_, None)) => value.clone(),
        };
        (name.clone(), value)
    };
    Json::Object(members.iter().map(shown).collect())
}
