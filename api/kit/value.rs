//! Checked values: what is left of a request once every field was found good.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

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

impl Value {
    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
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

/// Values by field name. A field that is not there was not sent; one that is `Null` was sent as null.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(BTreeMap<&'static str, Value>);

impl Values {
    /// The value of a field; `None` where it is absent or null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether the field was sent at all, null included.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Sets a field.
    pub fn set(&mut self, name: &'static str, value: Value) {
        self.0.insert(name, value);
    }

    /// Takes a field out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A text, code or area code.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
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
        match self.get(name) {
            Some(Value::Decimal(decimal)) => Some(*decimal),
            _ => None,
        }
    }

    /// An integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.get(name) {
            Some(Value::Integer(integer)) => Some(*integer),
            _ => None,
        }
    }

    /// A coordinate.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A yes or no.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some(Value::Boolean(boolean)) => Some(*boolean),
            _ => None,
        }
    }

    /// An instant.
    pub fn instant(&self, name: &str) -> Option<DateTime<Utc>> {
        match self.get(name) {
            Some(Value::Instant(instant)) => Some(*instant),
            _ => None,
        }
    }

    /// A day.
    pub fn day(&self, name: &str) -> Option<NaiveDate> {
        match self.get(name) {
            Some(Value::Day(day)) => Some(*day),
            _ => None,
        }
    }

    /// A list or an object.
    pub fn json(&self, name: &str) -> Option<&Json> {
        match self.get(name) {
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
