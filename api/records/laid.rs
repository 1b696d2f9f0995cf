//! How a record is laid down: what stands in its columns, what in its envelope, and how both are one again.
//!
//! A list in the clear may have members that are sealed (how it is known that somebody is a contact): its column has
//! the rest, the envelope those members, item by item. A row that a former release wrote has in its columns what is
//! sealed now; it is read as it stands, and once moved ([`super::proof`]) from what its envelope keeps of then.

use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::value::{Value, Values};
use serde_json::{Map, Value as Json};

use super::definition::Kind;
use super::envelope::{Envelope, SEALED};
use super::proof::Formerly;
use super::record::Record;

/// The device's place in the envelope, and in the capture of a former release.
pub const DEVICE: &str = "device_id";

/// After a list's name: its items' sealed members. No field's own name, so that a process of a former release, which
/// knows the list as a whole, takes it for nothing.
const OF_ITEMS: &str = "[]";

/// Values for the columns of a kind's own fields.
pub fn open_values(kind: &Kind, values: &Values) -> Vec<(&'static str, Value)> {
    let value = |field: &'static Field| values.get(field.name).map_or(Value::Null, |value| open_part(field, value));
    kind.stored_fields().map(|field| (field.name, value(field))).collect()
}

/// A value without its sealed members.
pub fn open_part(field: &Field, value: &Value) -> Value {
    let mut open = value.clone();
    if let Value::Json(Json::Array(items)) = &mut open {
        for name in field.sealed_members() {
            let filled = |item: &&mut Map<String, Json>| item.get(name).is_some_and(|member| !member.is_null());
            items.iter_mut().filter_map(Json::as_object_mut).filter(filled).for_each(|item| drop(item.remove(name)));
        }
    }
    open
}

/// The sealed members of a value, item by item; none where no item has any.
pub fn sealed_part(field: &Field, value: &Value) -> Option<Json> {
    let Value::Json(Json::Array(items)) = value else { return None };
    let names: Vec<&str> = field.sealed_members().collect();
    let of_item = |item: &Json| -> Map<String, Json> {
        let member =
            |name: &&str| Some(((*name).to_owned(), item.get(*name).filter(|member| !member.is_null())?.clone()));
        names.iter().filter_map(member).collect()
    };
    let members: Vec<Map<String, Json>> = items.iter().map(of_item).collect();
    let is_any = members.iter().any(|item| !item.is_empty());
    is_any.then(|| members.into_iter().map(Json::Object).collect())
}

/// Puts sealed members back into their items.
fn join(value: &mut Value, sealed: Json) {
    let (Value::Json(Json::Array(items)), Json::Array(members)) = (value, sealed) else { return };
    for (item, members) in items.iter_mut().filter_map(Json::as_object_mut).zip(members) {
        if let Json::Object(members) = members {
            item.extend(members);
        }
    }
}

/// Values of a record that its sealed envelope holds, by name.
pub fn sealed_values(kind: &Kind, record: &Record) -> Map<String, Json> {
    let names = kind.personal_fields().map(|field| field.name).chain(SEALED);
    let whole = names.filter_map(|name| Some((name.to_owned(), record.values.get(name)?.to_json(chrono_tz::UTC))));
    let parts = kind.stored_fields().filter(|field| matches!(field.shape, Shape::List { .. })).filter_map(|field| {
        let value = record.values.get(field.name)?;
        Some((format!("{}{OF_ITEMS}", field.name), sealed_part(field, value)?))
    });
    whole.chain(parts).collect()
}

/// Reads what an envelope has back into typed values by the kind's table.
pub fn unpack(kind: &Kind, plaintext: &[u8], envelope: &mut Envelope, values: &mut Values) -> Result<(), Problem> {
    let json: Json =
        serde_json::from_slice(plaintext).map_err(|_| Problem::internal("a sealed envelope holds no JSON"))?;
    let Json::Object(members) = json else { return Ok(()) };
    if let Some(formerly) = Formerly::of(&members) {
        if let Some(sealed) = &formerly.sealed {
            unpack(kind, sealed.as_bytes(), envelope, values)?;
        }
        formerly.open.into_iter().for_each(|(name, member)| match name.as_str() {
            "capture" => envelope.device_id = member.get(DEVICE).and_then(Json::as_str).map(str::to_owned),
            name => set(kind, name, member, values),
        });
        return Ok(());
    }
    for (name, member) in members {
        match name.as_str() {
            DEVICE => envelope.device_id = member.as_str().map(str::to_owned),
            name => put(kind, name, member, values),
        }
    }
    Ok(())
}

/// Values of an envelope, typed, where it says nothing that must be laid over the columns: no items of a list whose
/// rest stands there, nothing of a former release. `None` where it does, or holds no JSON.
pub fn unpack_apart(kind: &Kind, plaintext: &[u8]) -> Option<Values> {
    let mut values = Values::default();
    let Json::Object(members) = serde_json::from_slice(plaintext).ok()? else { return Some(values) };
    if Formerly::of(&members).is_some() || members.keys().any(|name| name.ends_with(OF_ITEMS)) {
        return None;
    }
    for (name, member) in members.into_iter().filter(|(name, _)| name != DEVICE) {
        put(kind, &name, member, &mut values);
    }
    Some(values)
}

/// Puts a member of an envelope where it belongs.
fn put(kind: &Kind, name: &str, member: Json, values: &mut Values) {
    if let Some(name) = SEALED.into_iter().find(|field| *field == name) {
        values.set(name, Value::Text(member.as_str().unwrap_or_default().to_owned()));
    } else if let Some(list) = name.strip_suffix(OF_ITEMS) {
        let Some(field) = kind.field(list) else { return };
        if let Some(mut value) = values.take(field.name) {
            join(&mut value, member);
            values.set(field.name, value);
        }
    } else {
        set(kind, name, member, values);
    }
}

fn set(kind: &Kind, name: &str, member: Json, values: &mut Values) {
    if let Some(field) = kind.field(name) {
        values.set(field.name, typed(field, member));
    }
}

/// A stored value by its field's shape. It was checked when it came in; what a later, stricter
/// table wouldn't take stays readable as what it is.
fn typed(field: &Field, json: Json) -> Value {
    use kit::check::read_from_text;
    match json {
        Json::Object(_) | Json::Array(_) => Value::Json(json),
        Json::Bool(boolean) => Value::Boolean(boolean),
        Json::Number(number) => {
            number.as_i64().map_or(Value::Number(number.as_f64().unwrap_or_default()), Value::Integer)
        }
        Json::String(text) if matches!(field.shape, Shape::Text { .. } | Shape::Area) => Value::Text(text),
        Json::String(text) => read_from_text(&field.shape, &text).unwrap_or(Value::Text(text)),
        Json::Null => Value::Null,
    }
}
