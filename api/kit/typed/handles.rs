//! Handles: what rules name a field or a column of a statement by.

use std::fmt;
use std::marker::PhantomData;

use super::{FieldType, Form};
use crate::field::{Field, Shape};
use crate::value::Value;

/// Name of a field or a column of a statement, with the type of its values.
#[derive(Debug)]
pub struct Column<T> {
    name: &'static str,
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

    /// Its JSON pointer in a form.
    pub fn pointer(&self) -> String {
        format!("/{}", self.field.name)
    }
}

impl<T> Column<T> {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> TypedField<T> {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.field.name
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
    ($($handle:ident)*) => {
        $(
            impl<T: FieldType> Key for &$handle<T> {
                type Read<'a> = T::Read<'a>;

                fn key(&self) -> &str {
                    self.name()
                }

                fn read(value: &Value) -> Option<T::Read<'_>> {
                    T::read(value)
                }
            }

            impl<T: FieldType> Slot for &$handle<T> {
                type Given = T;

                fn slot(&self) -> &'static str {
                    self.name()
                }

                fn give(given: T) -> Value {
                    given.give()
                }

                fn take(value: Value) -> Option<T> {
                    T::take(value)
                }
            }

            impl<T> fmt::Display for $handle<T> {
                /// Its name, for the text of a statement.
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str(self.name())
                }
            }
        )*
    };
}

handles! { TypedField Column }

const fn suits(shape: &Shape, form: Form) -> bool {
    match shape {
        Shape::Text { .. } | Shape::Secret { .. } | Shape::Area => matches!(form, Form::Text),
        Shape::Word(vocabulary) => match form {
            // A vocabulary of codes that data decide on, such as commodities, has no enum.
            Form::Text => true,
            Form::Word(name) => is_called(name, vocabulary.name),
            _ => false,
        },
        Shape::Decimal { .. } => matches!(form, Form::Decimal),
        Shape::Integer { .. } => matches!(form, Form::Integer),
        Shape::Number { .. } => matches!(form, Form::Number),
        Shape::Boolean => matches!(form, Form::Boolean),
        Shape::Instant => matches!(form, Form::Instant),
        Shape::Day => matches!(form, Form::Day),
        Shape::Id | Shape::Account | Shape::Reference(_) | Shape::Inline(..) => matches!(form, Form::Id),
        Shape::List { .. } | Shape::Object(_) => matches!(form, Form::Json),
    }
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
