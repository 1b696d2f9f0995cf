//! Fields whose values have a type: one declaration gives the definition that the frame reads and a handle that the
//! compiler checks wherever a rule reads or writes the field (`docs/decisions/10-typed-fields.md`).

mod handles;
mod macros;

use std::marker::PhantomData;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use uuid::Uuid;

pub use handles::{Column, Key, Slot, TypedField, member};

use super::value::Value;

/// Form in which values of a type are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text of any kind, codes of areas and of open lists among it.
    Text,
    /// A word of the vocabulary of this name.
    Word(&'static str),
    /// An exact decimal.
    Decimal,
    /// An integer.
    Integer,
    /// A coordinate.
    Number,
    /// Yes or no.
    Boolean,
    /// An instant.
    Instant,
    /// A day.
    Day,
    /// An id.
    Id,
    /// A list or an object.
    Json,
    /// Sealed or hashed bytes.
    Bytes,
}

/// Type of a field's values in code.
pub trait FieldType: Sized + 'static {
    /// A value as it is read.
    type Read<'a>;
    /// Form of its values.
    const FORM: Form;

    /// Reads a value; `None` where it is of another form.
    fn read(value: &Value) -> Option<Self::Read<'_>>;

    /// Takes a value; `None` where it is of another form.
    fn take(value: Value) -> Option<Self>;

    /// Makes a value.
    fn give(self) -> Value;
}

macro_rules! field_types {
    ($($type:ty, $form:ident;)*) => {
        $(impl FieldType for $type {
            type Read<'a> = Self;
            const FORM: Form = Form::$form;

            fn read(value: &Value) -> Option<Self> {
                match value {
                    Value::$form(inner) => Some(*inner),
                    _ => None,
                }
            }

            fn take(value: Value) -> Option<Self> {
                Self::read(&value)
            }

            fn give(self) -> Value {
                Value::$form(self)
            }
        })*
    };
}

field_types! {
    Decimal, Decimal;
    i64, Integer;
    f64, Number;
    bool, Boolean;
    DateTime<Utc>, Instant;
    NaiveDate, Day;
    Uuid, Id;
}

macro_rules! types_read_by_reference {
    ($($(#[$doc:meta])* $type:ty, $read:ty, $form:ident;)*) => {
        $($(#[$doc])* impl FieldType for $type {
            type Read<'a> = &'a $read;
            const FORM: Form = Form::$form;

            fn read(value: &Value) -> Option<&$read> {
                match value {
                    Value::$form(inner) => Some(inner),
                    _ => None,
                }
            }

            fn take(value: Value) -> Option<Self> {
                match value {
                    Value::$form(inner) => Some(inner.into()),
                    _ => None,
                }
            }

            fn give(self) -> Value {
                Value::$form(self.into())
            }
        })*
    };
}

types_read_by_reference! {
    String, str, Text;
    /// Bytes. Boxed, since a vector is a list of items.
    Box<[u8]>, [u8], Bytes;
    /// Lists and objects as they stand in JSON: for what is passed on unread.
    Json, Json, Json;
}

/// Whole numbers of any size: a sum, which is read of integers too.
impl FieldType for i128 {
    type Read<'a> = Self;
    const FORM: Form = Form::Decimal;

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(integer) => Some((*integer).into()),
            Value::Decimal(decimal) => decimal.to_i128(),
            _ => None,
        }
    }

    fn take(value: Value) -> Option<Self> {
        Self::read(&value)
    }

    fn give(self) -> Value {
        Value::whole(self)
    }
}

/// Items of a list, each read when it is asked for. One that isn't of the type (a word of a former release) is left out.
#[derive(Debug)]
pub struct Items<'a, T> {
    items: std::slice::Iter<'a, Json>,
    of: PhantomData<fn() -> T>,
}

impl<T> Default for Items<'_, T> {
    fn default() -> Self {
        Self { items: [].iter(), of: PhantomData }
    }
}

impl<T: DeserializeOwned> Iterator for Items<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.items.by_ref().find_map(|item| T::deserialize(item).ok())
    }
}

impl<T: DeserializeOwned + Serialize + 'static> FieldType for Vec<T> {
    type Read<'a> = Items<'a, T>;
    const FORM: Form = Form::Json;

    fn read(value: &Value) -> Option<Items<'_, T>> {
        match value {
            Value::Json(Json::Array(items)) => Some(Items { items: items.iter(), of: PhantomData }),
            _ => None,
        }
    }

    fn take(value: Value) -> Option<Self> {
        Self::read(&value).map(Iterator::collect)
    }

    fn give(self) -> Value {
        value_of(self)
    }
}

/// Reads an object; `None` where a member is missing or of another form.
pub fn object_of<T: DeserializeOwned>(value: &Value) -> Option<T> {
    match value {
        Value::Json(json) => T::deserialize(json).ok(),
        _ => None,
    }
}

/// Makes a value of an object.
pub fn value_of(object: impl Serialize) -> Value {
    Value::Json(serde_json::to_value(object).unwrap_or_default())
}
