//! Parts that operations share stand once, in the document's components. Written out at each operation they made
//! the document four times as long, and a type for each of them in generated clients.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kit::catalogue::Code;
use kit::problem::Problem;
use kit::text::Language;
use serde_json::{Map, Value as Json, json};

use super::headers;
use super::schema::reference;

/// The components that come up while operations are described.
#[derive(Default)]
pub struct Shared {
    /// Schemas by name.
    pub schemas: Map<String, Json>,
    /// Answers by name.
    pub responses: Map<String, Json>,
}

impl Shared {
    /// The schema of a JSON body. One written inline gets its operation's name, `VerbResourceBody`.
    pub fn body(&mut self, operation_id: &str, schema: &Json) -> Json {
        if schema.get("properties").is_none() {
            return schema.clone();
        }
        let name = format!("{}Body", upper_camel(operation_id));
        self.schemas.entry(&name).or_insert_with(|| {
            let about = format!("What `{operation_id}` takes.");
            let mut named = schema.clone();
            named.as_object_mut().map(|members| members.entry("description").or_insert(about.into()));
            named
        });
        reference(&name)
    }

    /// The answers of one status: named by the codes it may have, which is all that tells them apart.
    pub fn problem(&mut self, codes: &[Code]) -> Json {
        let name = codes.iter().map(|code| code.code()).collect::<Vec<_>>().join(".");
        let target = format!("#/components/responses/{name}");
        self.responses.entry(name).or_insert_with(|| response(codes));
        json!({"$ref": target})
    }
}

/// Puts parameters that several operations take into components, and gives those: the form that most take by its
/// name alone, others by the tag that first takes them.
pub fn hoist_parameters(paths: &mut Map<String, Json>) -> Map<String, Json> {
    let mut takers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for operation in operations(paths) {
        let tag = operation.pointer("/tags/0").and_then(Json::as_str).unwrap_or_default().to_owned();
        for parameter in operation.get("parameters").and_then(Json::as_array).into_iter().flatten() {
            takers.entry(parameter.to_string()).or_default().push(tag.clone());
        }
    }
    let mut forms: Vec<(String, Vec<String>)> = takers.into_iter().filter(|(_, tags)| tags.len() > 1).collect();
    forms.sort_by_key(|(form, tags)| (Reverse(tags.len()), form.clone()));
    let (mut components, mut names) = (Map::new(), BTreeMap::new());
    for (form, tags) in forms {
        let Ok(parameter) = serde_json::from_str::<Json>(&form) else { continue };
        let plain = parameter.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
        let of_tag = format!("{plain}.{}", tags.first().map_or("", String::as_str));
        if let Some(name) = [plain, of_tag].into_iter().find(|name| !components.contains_key(name)) {
            components.insert(name.clone(), parameter);
            names.insert(form, name);
        }
    }
    for operation in operations(paths) {
        for parameter in operation.get_mut("parameters").and_then(Json::as_array_mut).into_iter().flatten() {
            if let Some(name) = names.get(&parameter.to_string()) {
                *parameter = json!({"$ref": format!("#/components/parameters/{name}")});
            }
        }
    }
    components
}

fn operations(paths: &mut Map<String, Json>) -> impl Iterator<Item = &mut Json> {
    paths.values_mut().filter_map(Json::as_object_mut).flat_map(|item| item.values_mut())
}

fn response(codes: &[Code]) -> Json {
    let descriptions: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}.", code.code(), code.title().en)).collect();
    let examples: Map<String, Json> = codes
        .iter()
        .map(|code| {
            let body = Problem::new(*code).body(Language::English, "0198c0de-0000-7000-8000-000000000000");
            (code.code().to_owned(), json!({"value": body}))
        })
        .collect();
    let response = json!({
        "description": descriptions.join(" · "),
        "content": {"application/problem+json": {"schema": reference("Problem"), "examples": examples}},
    });
    headers::put(response, codes.first().map(|code| headers::of_problem(*code)).unwrap_or_default())
}

/// `snake_case` to `UpperCamel`.
fn upper_camel(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters)
        })
        .collect()
}
