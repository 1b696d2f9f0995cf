//! Records as clients see them: the envelope, the fields, what is personal masked.

use serde_json::{Map, Value as Json};

use super::definition::Kind;
use super::record::Record;
use crate::app::Service;
use crate::kit::field::{Field, Privacy};
use crate::kit::text::Language;
use crate::kit::time::format_instant;
use crate::kit::value::{Value, Values};

/// A record in JSON. Every field of the kind is there, null where there is nothing.
pub fn record(service: &Service, kind: &Kind, record: &Record, language: Language) -> Json {
    with(kind, envelope(service, kind, record, language), |field| shown(service, field, &record.values))
}

/// The same with plain values: for whoever may see them, after it was noted.
pub fn plain(service: &Service, kind: &Kind, record: &Record, language: Language) -> Json {
    let value = |field: &Field| record.values.get(field.name).map_or(Json::Null, |value| value.to_json(service.zone));
    with(kind, envelope(service, kind, record, language), value)
}

fn with(kind: &Kind, mut members: Map<String, Json>, value: impl Fn(&Field) -> Json) -> Json {
    for field in kind.fields.iter().filter(|field| !members_of_envelope(field)) {
        if !matches!(field.shape, crate::kit::field::Shape::Inline(_)) {
            members.insert(field.name.into(), value(field));
        }
    }
    Json::Object(members)
}

/// Somebody known, to whoever submitted him once more: only the fields that he sent.
pub fn known(service: &Service, kind: &Kind, known: &Record, submitted: &Values, language: Language) -> Json {
    let mut json = record(service, kind, known, language);
    if let Some(members) = json.as_object_mut() {
        for field in kind.fields {
            if !submitted.has(field.name) {
                members.insert(field.name.into(), Json::Null);
            }
        }
        members.insert("note".into(), Json::Null);
    }
    json
}

/// A record's warnings, in words.
pub fn warnings(service: &Service, record: &Record, language: Language) -> Json {
    record.envelope.warnings.iter().map(|noted| noted.to_json(&service.kinds, language)).collect()
}

fn members_of_envelope(field: &Field) -> bool {
    super::envelope::INPUT.iter().any(|other| other.name == field.name)
}

fn envelope(service: &Service, kind: &Kind, record: &Record, language: Language) -> Map<String, Json> {
    let envelope = &record.envelope;
    let instant = |instant| Json::String(format_instant(instant, service.zone));
    let text = |name: &str| record.values.text(name).map_or(Json::Null, Json::from);
    let id = |id: Option<uuid::Uuid>| id.map_or(Json::Null, |id| id.to_string().into());
    let skew = envelope.device_time.map(|device_time| (device_time - envelope.recorded_at).num_seconds());
    [
        ("id", id(Some(envelope.id))),
        ("kind", kind.name.into()),
        ("area_code", envelope.area_code.clone().into()),
        ("area_code_submitted", envelope.area_code_submitted.clone().into()),
        ("org_id", id(envelope.org_id)),
        ("occurred_at", instant(envelope.occurred_at)),
        ("device_time", envelope.device_time.map_or(Json::Null, instant)),
        ("clock_skew_s", skew.into()),
        ("recorded_at", instant(envelope.recorded_at)),
        ("recorded_by", id(Some(envelope.recorded_by))),
        ("captured_by", id(envelope.captured_by)),
        ("source", envelope.source.clone().into()),
        ("revision", envelope.revision.into()),
        ("change_no", envelope.change_no.into()),
        ("revised_at", instant(envelope.revised_at)),
        ("revised_by", id(Some(envelope.revised_by))),
        ("voided_at", if envelope.voided { instant(envelope.revised_at) } else { Json::Null }),
        ("void_reason", text("void_reason")),
        ("warnings", warnings(service, record, language)),
        ("note", text("note")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn shown(service: &Service, field: &Field, values: &Values) -> Json {
    let json = values.get(field.name).map_or(Json::Null, |value: &Value| value.to_json(service.zone));
    match field.privacy {
        Privacy::Masked(mask) if !json.is_null() => mask(&json),
        _ => json,
    }
}
