//! Fields whose values have a type: one declaration gives the definition that the frame reads and a handle that the
//! compiler checks wherever a rule reads or writes the field (`docs/decisions/10-typed-fields.md`).

use std::marker::PhantomData;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use uuid::Uuid;

use super::field::{Field, Shape};
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

impl FieldType for String {
    type Read<'a> = &'a str;
    const FORM: Form = Form::Text;

    fn read(value: &Value) -> Option<&str> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn give(self) -> Value {
        Value::Text(self)
    }
}

/// Bytes. Boxed, since a vector is a list of items.
impl FieldType for Box<[u8]> {
    type Read<'a> = &'a [u8];
    const FORM: Form = Form::Bytes;

    fn read(value: &Value) -> Option<&[u8]> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.into_boxed_slice()),
            _ => None,
        }
    }

    fn give(self) -> Value {
        Value::Bytes(self.into_vec())
    }
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

/// Lists and objects as they stand in JSON: for what is passed on unread.
impl FieldType for Json {
    type Read<'a> = &'a Self;
    const FORM: Form = Form::Json;

    fn read(value: &Value) -> Option<&Self> {
        match value {
            Value::Json(json) => Some(json),
            _ => None,
        }
    }

    fn take(value: Value) -> Option<Self> {
        match value {
            Value::Json(json) => Some(json),
            _ => None,
        }
    }

    fn give(self) -> Value {
        Value::Json(self)
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
        let json = |item: T| serde_json::to_value(item).unwrap_or_default();
        Value::Json(Json::Array(self.into_iter().map(json).collect()))
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

/// Name of a field or a column of a statement, with the type of its values.
#[derive(Debug)]
pub struct Column<T> {
    /// Its name.
    pub name: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T: FieldType> Column<T> {
    /// A column of this name, of a constant that must be called so.
    pub const fn named(constant: &str, name: &'static str) -> Self {
        assert!(is_called(constant, name), "the constant is called otherwise than the column");
        Self { name, of: PhantomData }
    }
}

/// A field with the type of its values.
#[derive(Debug)]
pub struct TypedField<T> {
    /// Its definition.
    pub field: Field,
    of: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Display for Column<T> {
    /// Its name, for the text of a statement.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl<T: FieldType> TypedField<T> {
    /// A field whose shape is of the type; anything else doesn't compile.
    pub const fn new(field: Field) -> Self {
        assert!(suits(&field.shape, T::FORM), "the field's shape is of another type");
        Self { field, of: PhantomData }
    }

    /// The same, of a constant that must be called as the field is.
    pub const fn named(constant: &str, field: Field) -> Self {
        assert!(is_called(constant, field.name), "the constant is called otherwise than the field");
        Self::new(field)
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.field.name
    }

    /// Its JSON pointer in a form.
    pub fn pointer(&self) -> String {
        format!("/{}", self.field.name)
    }
}

impl<T> std::fmt::Display for TypedField<T> {
    /// Its column, for the text of a statement.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.field.name)
    }
}

/// Key by which a value is read: a handle, or within the frame a bare name.
pub trait Key {
    /// A value as it is read.
    type Read<'a>;

    /// Name of the field.
    fn key(&self) -> &str;

    /// Reads a value that is there.
    fn read(value: &Value) -> Option<Self::Read<'_>>;
}

impl Key for &str {
    type Read<'a> = &'a Value;

    fn key(&self) -> &str {
        self
    }

    fn read(value: &Value) -> Option<&Value> {
        Some(value)
    }
}

impl Key for String {
    type Read<'a> = &'a Value;

    fn key(&self) -> &str {
        self
    }

    fn read(value: &Value) -> Option<&Value> {
        Some(value)
    }
}

impl<K: Key> Key for &K {
    type Read<'a> = K::Read<'a>;

    fn key(&self) -> &str {
        (**self).key()
    }

    fn read(value: &Value) -> Option<K::Read<'_>> {
        K::read(value)
    }
}

/// Place of a value that is written: a handle, or within the frame a bare name.
pub trait Slot {
    /// A value as it is given.
    type Given;

    /// Name of the field.
    fn slot(&self) -> &'static str;

    /// Makes a value.
    fn give(given: Self::Given) -> Value;

    /// Takes a value out.
    fn take(value: Value) -> Option<Self::Given>;
}

impl Slot for &'static str {
    type Given = Value;

    fn slot(&self) -> &'static str {
        self
    }

    fn give(given: Value) -> Value {
        given
    }

    fn take(value: Value) -> Option<Value> {
        Some(value)
    }
}

impl<S: Slot> Slot for &S {
    type Given = S::Given;

    fn slot(&self) -> &'static str {
        (**self).slot()
    }

    fn give(given: S::Given) -> Value {
        S::give(given)
    }

    fn take(value: Value) -> Option<S::Given> {
        S::take(value)
    }
}

macro_rules! handles {
    ($($handle:ident, $handle_of:ident => $name:expr;)*) => {
        $(
            impl<T: FieldType> Key for &$handle<T> {
                type Read<'a> = T::Read<'a>;

                fn key(&self) -> &str {
                    let $handle_of = self;
                    $name
                }

                fn read(value: &Value) -> Option<T::Read<'_>> {
                    T::read(value)
                }
            }

            impl<T: FieldType> Slot for &$handle<T> {
                type Given = T;

                fn slot(&self) -> &'static str {
                    let $handle_of = self;
                    $name
                }

                fn give(given: T) -> Value {
                    given.give()
                }

                fn take(value: Value) -> Option<T> {
                    T::take(value)
                }
            }
        )*
    };
}

handles! {
    TypedField, handle => handle.field.name;
    Column, handle => handle.name;
}

const fn suits(shape: &Shape, form: Form) -> bool {
    match shape {
        Shape::Text { .. } | Shape::Secret { .. } | Shape::Area => matches!(form, Form::Text),
        Shape::Word(vocabulary) => match form {
            // A vocabulary of codes that data decide on, such as commodities, has no enum.
            Form::Text => true,
            Form::Word(name) => same(name.as_bytes(), vocabulary.name.as_bytes()),
            _ => false,
        },
        Shape::Decimal { .. } => matches!(form, Form::Decimal),
        Shape::Integer { .. } => matches!(form, Form::Integer),
        Shape::Number { .. } => matches!(form, Form::Number),
        Shape::Boolean => matches!(form, Form::Boolean),
        Shape::Instant => matches!(form, Form::Instant),
        Shape::Day => matches!(form, Form::Day),
        Shape::Id | Shape::Reference(_) | Shape::Inline(..) => matches!(form, Form::Id),
        Shape::List { .. } | Shape::Object(_) => matches!(form, Form::Json),
    }
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let (mut left, mut right) = (left, right);
    while let ([first, others @ ..], [other, rest @ ..]) = (left, right) {
        if *first != *other {
            return false;
        }
        (left, right) = (others, rest);
    }
    true
}

/// Whether a constant or a member is called as its field is, in capitals or not: a stranger greps for either.
const fn is_called(constant: &str, field: &str) -> bool {
    let (mut left, mut right) = (constant.as_bytes(), field.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    while let ([first, others @ ..], [other, rest @ ..]) = (left, right) {
        if !first.eq_ignore_ascii_case(other) {
            return false;
        }
        (left, right) = (others, rest);
    }
    true
}

/// The definition of a member, which must be called as the field is.
pub const fn member(member: &str, field: Field) -> Field {
    assert!(is_called(member, field.name), "the member is called otherwise than the field");
    field
}

/// Declares the fields of a kind: a constant each, called as the field is and typed as its values are, and the list of
/// all in their order.
#[macro_export]
macro_rules! fields {
    ($(#[$list_doc:meta])* $visible:vis static $list:ident; $($(#[$doc:meta])* $name:ident: $type:ty = $field:expr;)*) => {
        $(
            $(#[$doc])*
            #[allow(dead_code, reason = "a handle is there for every field, read by rules or not")]
            #[doc = concat!("Handle of the field `", stringify!($name), "`.")]
            pub const $name: $crate::typed::TypedField<$type> =
                $crate::typed::TypedField::named(stringify!($name), $field);
        )*
        $(#[$list_doc])*
        $visible static $list: &[$crate::field::Field] = &[$($name.field,)*];
    };
}

/// Declares a vocabulary and the enum of its words: `match` must exhaust it, and a renamed word is an error wherever
/// it is used.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $visible:vis $name:ident $vocabulary:literal $en:literal $zh:literal {
        $($(#[$word_doc:meta])* $word:ident $code:literal $word_en:literal $word_zh:literal $(, $closed:ident)?;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visible enum $name { $($(#[$word_doc])* #[doc = $word_en] $word,)* }

        #[allow(dead_code, reason = "what every vocabulary can do, needed by its rules or not")]
        impl $name {
            /// Every word, in the order in which a form shows them.
            pub const ALL: &'static [Self] = &[$(Self::$word,)*];
            /// The vocabulary, as it is published.
            pub const VOCABULARY: &'static $crate::vocabulary::Vocabulary = {
                static VOCABULARY: $crate::vocabulary::Vocabulary = $crate::vocabulary::Vocabulary::new(
                    $vocabulary,
                    $crate::text::Text::new($en, $zh),
                    &[$($crate::vocabulary::word($code, $word_en, $word_zh)$(.$closed())?,)*],
                );
                &VOCABULARY
            };

            /// Its code, in JSON and in the database.
            pub const fn code(self) -> &'static str { match self { $(Self::$word => $code,)* } }

            /// The word of a code.
            pub fn of_code(code: &str) -> Option<Self> { match code { $($code => Some(Self::$word),)* _ => None } }
        }

        impl $crate::typed::FieldType for $name {
            type Read<'a> = Self;
            const FORM: $crate::typed::Form = $crate::typed::Form::Word($vocabulary);

            fn read(value: &$crate::value::Value) -> Option<Self> {
                <String as $crate::typed::FieldType>::read(value).and_then(Self::of_code)
            }

            fn take(value: $crate::value::Value) -> Option<Self> { Self::read(&value) }

            fn give(self) -> $crate::value::Value { $crate::value::Value::Text(self.code().to_owned()) }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.code())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::of_code(&code).ok_or_else(|| serde::de::Error::custom("an unknown word"))
            }
        }
    };
}

/// Declares objects, of a list or alone: the fields as the frame checks them, and the struct as rules read it. A member that
/// may be left out is an `Option`.
#[macro_export]
macro_rules! object {
    ($(#[$doc:meta])* $visible:vis struct $name:ident, $list:ident { $($(#[$member_doc:meta])* $member:ident: $type:ty = $field:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        $visible struct $name { $(#[doc = concat!("The member `", stringify!($member), "`.")] $(#[$member_doc])* pub $member: $type,)* }

        #[doc = concat!("Fields of [`", stringify!($name), "`].")]
        $visible const $list: &[$crate::field::Field] = &[$($crate::typed::member(stringify!($member), $field),)*];

        impl $crate::typed::FieldType for $name {
            type Read<'a> = Self;
            const FORM: $crate::typed::Form = $crate::typed::Form::Json;

            fn read(value: &$crate::value::Value) -> Option<Self> {
                $crate::typed::object_of(value)
            }

            fn take(value: $crate::value::Value) -> Option<Self> { $crate::typed::object_of(&value) }

            fn give(self) -> $crate::value::Value { $crate::typed::value_of(self) }
        }
    };
}

/// Declares columns of statements that are no field's: sums, counts, what a join brings.
#[macro_export]
macro_rules! columns {
    ($($(#[$doc:meta])* $visible:vis $name:ident $column:literal: $type:ty;)*) => {
        $(
            $(#[$doc])*
            #[doc = concat!("Column `", $column, "`.")]
            $visible const $name: $crate::typed::Column<$type> = $crate::typed::Column::named(stringify!($name), $column);
        )*
    };
}
