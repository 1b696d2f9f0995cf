//! JSON objects under construction.

use serde_json::Value as Json;

/// Sets a member of an object. What is no object stays as it is: there is nothing to set a member of.
pub fn put(object: &mut Json, name: &str, value: impl Into<Json>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}
