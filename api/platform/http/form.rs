//! A body that a field table tells: what a client may write, under a name of its own in the document.

use kit::field::Field;
use kit::json::put;
use serde_json::Value as Json;

use super::schema::{Direction, object};

/// A named body of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The name of its schema.
    pub name: &'static str,
    fields: &'static [Field],
    about: &'static str,
    direction: Direction,
}

impl Form {
    /// A form whose fields are sent together.
    pub const fn new(name: &'static str, fields: &'static [Field], about: &'static str) -> Self {
        Self { name, fields, about, direction: Direction::Sent }
    }

    /// A merge patch: any of the fields, null takes out.
    pub const fn patch(name: &'static str, fields: &'static [Field], about: &'static str) -> Self {
        Self { name, fields, about, direction: Direction::Patched }
    }

    /// Its schema under its name.
    pub(super) fn schema(&self) -> (String, Json) {
        let mut schema = object(&self.fields.iter().collect::<Vec<_>>(), self.direction);
        put(&mut schema, "description", self.about);
        (self.name.to_owned(), schema)
    }

    /// The media types in which it is taken.
    pub(super) fn media_types(&self) -> &'static [&'static str] {
        match self.direction {
            Direction::Patched => &["application/merge-patch+json", "application/json"],
            Direction::Sent | Direction::Served => &["application/json"],
        }
    }
}
