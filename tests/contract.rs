//! The document is fresh, whole and true.

use std::collections::{BTreeMap, BTreeSet};

use kit::catalogue::{Code, FaultCode};
use kit::field::{Field, Shape};
use lianfang::records::document::is_server_field;
use lianfang::server::routes;
use serde_json::{Value as Json, json};

use crate::support::document::example;
use crate::support::{TestApp, examples};

fn document() -> Json {
    routes::document(&routes::kinds())
}

/// Every operation: method, path, itself.
fn operations(document: &Json) -> Vec<(String, String, Json)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}

/// `make openapi` writes it anew.
#[test]
fn the_committed_document_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/openapi.json");
    let committed: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(committed == document(), "openapi/openapi.json is stale: run `make openapi`");
}

/// Types stand in the document by their names alone: two of one name would hide each other.
#[test]
fn no_two_types_have_one_name() {
    let mut known: BTreeMap<String, Json> = BTreeMap::new();
    for (name, schema) in routes::operations(&routes::kinds()).into_iter().flat_map(|operation| operation.schemas) {
        let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
        assert!(*first == schema, "{name}");
    }
    assert!(known.contains_key("UserPage") && known.contains_key("AuditLine"));
}

#[test]
fn it_is_a_document_that_its_own_library_reads() {
    let read: utoipa::openapi::OpenApi = serde_json::from_value(document()).unwrap();
    assert!(read.paths.paths.len() > 20);
}

#[test]
fn every_operation_says_all_that_the_contract_asks() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let at = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(id.contains('_') && ids.insert(id.clone()), "{at}: operationId {id}");
        assert!(operation["security"].is_array(), "{at}: security");
        for member in ["summary", "description"] {
            assert!(operation[member].as_str().is_some_and(|text| !text.is_empty()), "{at}: {member}");
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{at}: no success");
        for status in ["400", "429", "500", "503"] {
            assert!(responses.contains_key(status), "{at}: {status}");
        }
        let public = operation["security"] == json!([]);
        assert_eq!(!public, operation["security"] == json!([{"bearer": []}]), "{at}");
        if !public {
            assert!(responses.contains_key("401"), "{at}: 401");
        }
        if let Some(body) = operation.get("requestBody") {
            for (media_type, media) in body["content"].as_object().unwrap() {
                assert!(!example(media).is_null(), "{at}: no example of {media_type}");
                assert!(media["examples"].get(&id).is_some(), "{at}: the example is called as its operation");
            }
            assert!(responses.contains_key("413") && responses.contains_key("415"), "{at}: 413, 415");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    collect_references(&document, &mut used);
    let names = |kind: &str| {
        let components = document["components"][kind].as_object().unwrap().keys();
        components.map(|name| format!("#/components/{kind}/{name}")).collect::<Vec<_>>()
    };
    let known: BTreeSet<String> = ["schemas", "parameters", "responses"].iter().flat_map(|kind| names(kind)).collect();
    assert_eq!(used.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "lead nowhere");
    assert_eq!(known.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "are not used");
}

fn collect_references(json: &Json, used: &mut BTreeSet<String>) {
    match json {
        Json::Object(members) => {
            if let Some(Json::String(target)) = members.get("$ref") {
                used.insert(target.clone());
            }
            members.values().for_each(|member| collect_references(member, used));
        }
        Json::Array(items) => items.iter().for_each(|item| collect_references(item, used)),
        _ => {}
    }
}

#[test]
fn every_string_number_and_array_is_bounded_and_described() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}: no description");
        for (property, member) in schema["properties"].as_object().into_iter().flatten() {
            let described =
                member["description"].is_string() || member.get("$ref").is_some() || member.get("oneOf").is_some();
            assert!(described, "{name}.{property}: no description");
            // Generators name a variable after either, and one of them is lost.
            let same = property.replace('_', "").eq_ignore_ascii_case(name);
            assert!(!same, "{name}.{property}: called as what it is a part of");
        }
        require_bounds(schema, name);
    }
    for (method, path, operation) in operations(&document) {
        require_bounds(&operation["parameters"], &format!("{method} {path}"));
    }
    require_bounds(&document["components"]["parameters"], "parameters");
}

fn require_bounds(schema: &Json, at: &str) {
    if let Some(items) = schema.as_array() {
        items.iter().for_each(|item| require_bounds(item, at));
    }
    let Some(members) = schema.as_object() else { return };
    let is = |name: &str| match members.get("type") {
        Some(Json::String(text)) => text == name,
        Some(Json::Array(types)) => types.contains(&json!(name)),
        _ => false,
    };
    if is("string") {
        let bounded = ["maxLength", "enum", "const"].iter().any(|bound| members.contains_key(*bound))
            || members.get("format") == Some(&json!("uuid"));
        assert!(bounded, "{at}: a string without bound: {schema}");
    }
    if is("integer") || is("number") {
        assert!(
            members.contains_key("minimum") && members.contains_key("maximum"),
            "{at}: a number without bounds: {schema}"
        );
    }
    if is("array") {
        assert!(members.contains_key("maxItems"), "{at}: an array without bound: {schema}");
    }
    for (name, member) in members.iter().filter(|(name, _)| *name != "example" && *name != "examples") {
        require_bounds(member, &format!("{at}/{name}"));
    }
}

#[test]
fn patterns_compile() {
    fn all(fields: &'static [Field]) {
        for field in fields {
            match field.shape {
                Shape::Text { pattern: Some(pattern), .. } => drop(regex::Regex::new(pattern).unwrap()),
                Shape::Object(fields) => all(fields),
                _ => {}
            }
        }
    }
    routes::kinds().kinds().for_each(|kind| all(kind.fields));
}

#[tokio::test]
async fn the_examples_can_be_posted_as_they_stand() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let served = admin.get("/openapi.json").await.expect(200).body;
    for place in examples::places() {
        admin.post("/v1/places", &place).await.expect(201);
    }
    for kind in routes::KINDS.iter().filter(|kind| !kind.writers.is_empty()) {
        let (path, kind) = (format!("/v1/{}", kind.path), kind.name);
        let operation = &served["paths"][&path]["post"];
        let sent = example(&operation["requestBody"]["content"]["application/json"]);
        assert_eq!(sent, &examples::of_kind(kind));
        let created = admin.post(&path, sent).await.expect(201).body;
        let shown = example(&operation["responses"]["201"]["content"]["application/json"]);
        assert_eq!(members(&created), members(shown), "{kind}: the example of the answer has other members");
    }
    for path in ["/v1/users", "/v1/api-keys", "/v1/webhook-endpoints", "/v1/push-subscriptions"] {
        let operation = &served["paths"][path]["post"];
        let example_in = |part: &Json| example(&part["content"]["application/json"]).clone();
        let created = admin.post(path, &example_in(&operation["requestBody"])).await.expect(201).body;
        assert_eq!(members(&created), members(&example_in(&operation["responses"]["201"])), "{path}");
    }
}

fn members(json: &Json) -> BTreeSet<String> {
    json.as_object().unwrap().keys().cloned().collect()
}

/// Records as served have exactly the members of their schema.
#[tokio::test]
async fn records_have_the_members_of_their_schemas() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let document = document();
    for place in examples::places() {
        admin.post("/v1/places", &place).await.expect(201);
    }
    // In the order in which they build on each other.
    for kind in routes::KINDS.iter() {
        let path = format!("/v1/{}", kind.path);
        let created = match kind.writers {
            // Kinds that only the service writes have records by now.
            [] => {
                examples::bulletin_of_its_own(&admin, kind, "511802005").await;
                admin.get(&path).await.expect(200).body["items"][0].clone()
            }
            _ => admin.post(&path, &examples::of_kind(kind.name)).await.expect(201).body,
        };
        let schema = &document["components"]["schemas"][kind.schema];
        let mut expected = members(&schema["properties"]);
        // Only where it is asked for.
        assert!(expected.remove("included"), "{}", kind.name);
        // Told plainly only to whoever answers for that person.
        if kind.rules.plain_to_assignee() {
            assert!(expected.remove("person_plain"), "{}", kind.name);
        }
        assert_eq!(members(&created), expected, "{}", kind.name);
    }
}

#[test]
fn every_code_is_in_the_document() {
    let text = document().to_string();
    let codes = &*routes::CODES;
    assert!(codes.problems.contains(&Code::STALE) && codes.faults.contains(&FaultCode::REQUIRED));
    let names = codes.problems.iter().map(|code| code.code()).chain(codes.faults.iter().map(|code| code.code()));
    for name in names {
        assert!(text.contains(name), "{name}");
    }
}

/// Layers and themes declare their codes apart from each other; clients have one catalogue.
#[test]
fn no_two_codes_have_one_name_and_all_speak_two_languages() {
    let codes = &*routes::CODES;
    let problems: BTreeSet<_> = codes.problems.iter().map(|code| code.code()).collect();
    let faults: BTreeSet<_> = codes.faults.iter().map(|code| code.code()).collect();
    assert_eq!((problems.len(), faults.len()), (codes.problems.len(), codes.faults.len()));
    let titles = codes.problems.iter().map(|code| code.title());
    for text in titles.chain(codes.faults.iter().map(|code| code.message())) {
        assert!(text.en.is_ascii(), "{}", text.en);
        assert!(!text.zh.is_ascii(), "{}", text.zh);
    }
}

/// A list that no theme hands in would leave its codes out of the document.
#[test]
fn every_declared_code_is_among_them() {
    let codes = &*routes::CODES;
    let declared =
        regex::Regex::new(r#"(?m)^ {4,8}[A-Z][A-Z0-9_]* "([a-z0-9_]+)" (?:[A-Z_]+ )?".*" ".*".*;$"#).unwrap();
    // Kinds of duties are declared in lines like those of codes.
    let sources = crate::layers::sources().into_iter().filter(|(_, text)| !text.contains("duty_kinds! {"));
    let named = sources.flat_map(|(_, text)| {
        let names: Vec<String> = declared.captures_iter(&text).map(|name| name[1].to_owned()).collect();
        names
    });
    let known: BTreeSet<_> =
        codes.problems.iter().map(|code| code.code()).chain(codes.faults.iter().map(|code| code.code())).collect();
    let named: BTreeSet<String> = named.collect();
    assert!(named.len() > 140, "{}", named.len());
    assert_eq!(named.iter().filter(|name| !known.contains(name.as_str())).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// A record is written member by member, so a field called as one of the envelope's would stand in it twice.
#[test]
fn no_field_is_called_as_a_member_of_every_record() {
    for kind in routes::kinds().kinds() {
        for field in kind.shown_fields().filter(|field| field.name != "kind") {
            assert!(!is_server_field(kind, field.name), "{}: {}", kind.name, field.name);
        }
    }
}

/// A stranger finds each operation in one chapter, by a word that means something in both languages.
#[test]
fn every_tag_is_in_one_chapter_and_says_what_it_is_about() {
    let document = document();
    let names = |tags: &Json| -> Vec<String> {
        tags.as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect()
    };
    let groups = document["x-tagGroups"].as_array().unwrap();
    let mut grouped: Vec<String> = groups.iter().flat_map(|group| names(&group["tags"])).collect();
    let mut listed: Vec<String> = Vec::new();
    for tag in document["tags"].as_array().unwrap() {
        let about = tag["description"].as_str().unwrap();
        assert!(!about.is_ascii() && about.len() > 20, "{tag}");
        listed.push(tag["name"].as_str().unwrap().to_owned());
    }
    grouped.sort();
    listed.sort();
    assert_eq!(grouped, listed);
    let summaries = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for operation in summaries.filter(|operation| operation.is_object()) {
        assert!(listed.binary_search(&operation["tags"][0].as_str().unwrap().to_owned()).is_ok(), "{operation}");
        let summary = operation["summary"].as_str().unwrap();
        let words: Vec<&str> = summary.split(' ').collect();
        for pair in words.windows(2) {
            let vowel = pair[1].starts_with(['a', 'e', 'i', 'o', 'u']);
            assert!(pair[0] != "a" || !vowel || pair[1].starts_with("use"), "{summary}");
        }
    }
}
