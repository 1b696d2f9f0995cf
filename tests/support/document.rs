//! Reading the OpenAPI document.

use serde_json::Value as Json;

/// The parameters of an operation, whether written there or shared with others.
pub fn parameters<'a>(document: &'a Json, operation: &'a Json) -> Vec<&'a Json> {
    let written = operation["parameters"].as_array().into_iter().flatten();
    let resolved = written.map(|parameter| match parameter["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).unwrap(),
        None => parameter,
    });
    resolved.collect()
}

/// The parameter of that name of an operation.
pub fn parameter<'a>(document: &'a Json, operation: &'a Json, name: &str) -> Option<&'a Json> {
    parameters(document, operation).into_iter().find(|parameter| parameter["name"] == name)
}

/// The example of a body: the one that there is, whatever it is called.
pub fn example(body: &Json) -> &Json {
    body["examples"].as_object().and_then(|named| named.values().next()).map_or(&Json::Null, |named| &named["value"])
}
