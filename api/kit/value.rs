//! Checked values: what is left of a request once every field was found good.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use uuid::Uuid;

use super::problem::Problem;
use super::time::InZone;
use super::typed::{FieldType, Items, Key, Slot, TypedField};

/// One value of a field, a cell of a row or a parameter of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Explicitly nothing.
    Null,
    /// Text, a vocabulary's code or an area code.
    Text(String),
    /// An exact decimal; a string in JSON.
    Decimal(Decimal),
    /// A count, a version, a year.
    Integer(i64),
    /// A coordinate.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// An instant, to the microsecond.
    Instant(DateTime<Utc>),
    /// A day of the district's zone.
    Day(NaiveDate),
    /// An id.
    Id(Uuid),
    /// A list or an object.
    Json(Json),
    /// Sealed or hashed bytes; never in JSON.
    Bytes(Vec<u8>),
}

/// A sum of the smallest parts of a unit as a decimal; one that no decimal holds is told as the largest there is.
pub fn scaled(parts: i128, scale: u32) -> Decimal {
    let limit = if parts < 0 { Decimal::MIN } else { Decimal::MAX };
    Decimal::try_from_i128_with_scale(parts, scale).unwrap_or(limit)
}

impl Value {
    /// A whole number of any size, for a column of decimals.
    pub fn whole(number: i128) -> Self {
        Self::Decimal(scaled(number, 0))
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The same as [`Self::to_json`], to be written and not looked at.
    pub fn in_zone(&self, zone: chrono_tz::Tz) -> ValueInZone<'_> {
        ValueInZone(self, zone)
    }

    /// The value as it stands in JSON; instants are given in `offset`'s zone.
    pub fn to_json(&self, zone: chrono_tz::Tz) -> Json {
        match self {
            Self::Null | Self::Bytes(_) => Json::Null,
            Self::Text(text) => Json::String(text.clone()),
            Self::Decimal(decimal) => Json::String(decimal.to_string()),
            Self::Integer(integer) => Json::from(*integer),
            Self::Number(number) => Json::from(*number),
            Self::Boolean(boolean) => Json::Bool(*boolean),
            Self::Instant(instant) => Json::String(super::time::format_instant(*instant, zone)),
            Self::Day(day) => Json::String(day.to_string()),
            Self::Id(id) => Json::String(id.to_string()),
            Self::Json(json) => json.clone(),
        }
    }
}

/// A value as it stands in JSON, to be written without a copy of it.
#[derive(Clone, Copy, Debug)]
pub struct ValueInZone<'a>(&'a Value, chrono_tz::Tz);

impl Serialize for ValueInZone<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null | Value::Bytes(_) => serializer.serialize_unit(),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Decimal(decimal) => serializer.collect_str(decimal),
            Value::Integer(integer) => serializer.serialize_i64(*integer),
            Value::Number(number) => serializer.serialize_f64(*number),
            Value::Boolean(boolean) => serializer.serialize_bool(*boolean),
            Value::Instant(instant) => InZone(*instant, self.1).serialize(serializer),
            Value::Day(day) => serializer.collect_str(day),
            Value::Id(id) => id.serialize(serializer),
            Value::Json(json) => json.serialize(serializer),
        }
    }
}

/// Values by field name, in the names' order: there are few, and a list of them costs one allocation. A field that
/// is not there was not sent; one that is `Null` was sent as null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(Vec<(&'static str, Value)>);

impl Values {
    /// None yet, with room for so many.
    pub fn with_room(many: usize) -> Self {
        Self(Vec::with_capacity(many))
    }

    /// The value of a field; `None` where it is absent or null.
    pub fn get<K: Key>(&self, key: K) -> Option<K::Read<'_>> {
        K::read(self.value(key.key())?)
    }

    /// The value of a field that the check of a form required.
    pub fn required<T: FieldType>(&self, field: &TypedField<T>) -> Result<T::Read<'_>, Problem> {
        self.get(field).ok_or_else(|| Problem::internal(format!("a checked form lacks {}", field.field.name)))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let found = self.position(name).ok().and_then(|position| self.0.get(position));
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// The items of a list; none where it is absent or null.
    pub fn list<T: DeserializeOwned + Serialize + 'static>(&self, field: &TypedField<Vec<T>>) -> Items<'_, T> {
        self.get(field).unwrap_or_default()
    }

    /// Whether the field was sent at all, null included.
    pub fn has(&self, key: impl Key) -> bool {
        self.position(key.key()).is_ok()
    }

    /// Sets a field.
    pub fn set<S: Slot>(&mut self, slot: S, given: impl Into<S::Given>) {
        self.put(slot.slot(), S::give(given.into()));
    }

    /// Sets a field to what there is, or to nothing.
    pub fn set_or_clear<S: Slot>(&mut self, slot: S, given: Option<S::Given>) {
        self.put(slot.slot(), given.map_or(Value::Null, S::give));
    }

    /// Sets a field to nothing.
    pub fn clear(&mut self, slot: impl Slot) {
        self.put(slot.slot(), Value::Null);
    }

    /// Adds items to a list. What is there stays as it stands, be it of the type or not.
    pub fn extend<T: Serialize>(&mut self, field: &TypedField<Vec<T>>, items: impl IntoIterator<Item = T>) {
        let name = field.field.name;
        let mut list = match self.position(name).ok().map(|position| self.0.remove(position)) {
            Some((_, Value::Json(Json::Array(list)))) => list,
            _ => Vec::new(),
        };
        list.extend(items.into_iter().map(|item| serde_json::to_value(item).unwrap_or_default()));
        self.put(name, Value::Json(Json::Array(list)));
    }

    fn put(&mut self, name: &'static str, value: Value) {
        // Rows come in the order of the names.
        if self.0.last().is_none_or(|(last, _)| *last < name) {
            return self.0.push((name, value));
        }
        match self.position(name) {
            Ok(position) => {
                if let Some((_, known)) = self.0.get_mut(position) {
                    *known = value;
                }
            }
            Err(position) => self.0.insert(position, (name, value)),
        }
    }

    /// Takes a field out.
    pub fn take<S: Slot>(&mut self, slot: S) -> Option<S::Given> {
        let (_, value) = self.position(slot.slot()).ok().map(|position| self.0.remove(position))?;
        Some(value).filter(|value| !value.is_null()).and_then(S::take)
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (*other).cmp(name))
    }

    /// A text, code or area code.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// An id.
    pub fn id(&self, name: &str) -> Option<Uuid> {
        match self.get(name) {
            Some(Value::Id(id)) => Some(*id),
            _ => None,
        }
    }

    /// A decimal.
    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        match self.value(name) {
            Some(Value::Decimal(decimal)) => Some(*decimal),
            _ => None,
        }
    }

    /// An integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Some(Value::Integer(integer)) => Some(*integer),
            _ => None,
        }
    }

    /// A coordinate.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A yes or no.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.value(name) {
            Some(Value::Boolean(boolean)) => Some(*boolean),
            _ => None,
        }
    }

    /// An instant.
    pub fn instant(&self, name: &str) -> Option<DateTime<Utc>> {
        match self.value(name) {
            Some(Value::Instant(instant)) => Some(*instant),
            _ => None,
        }
    }

    /// A day.
    pub fn day(&self, name: &str) -> Option<NaiveDate> {
        match self.value(name) {
            Some(Value::Day(day)) => Some(*day),
            _ => None,
        }
    }

    /// A list or an object.
    pub fn json(&self, name: &str) -> Option<&Json> {
        match self.value(name) {
            Some(Value::Json(json)) => Some(json),
            _ => None,
        }
    }

    /// The texts of a list of codes; empty where there is none.
    pub fn codes(&self, name: &str) -> Vec<&str> {
        let list = self.json(name).and_then(Json::as_array);
        list.map(|items| items.iter().filter_map(Json::as_str).collect()).unwrap_or_default()
    }

    /// Every field that was sent, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }
}
