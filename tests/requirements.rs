//! docs/requirements.md holds: each sentence of the source text is entered by an operation, answered by a figure or a
//! list, and shown by a test; all of them exist.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value as Json;

use crate::support::TestApp;

const PAGE: &str = include_str!("../docs/requirements.md");
/// Requirements of each unit, in the order of the source text.
const UNITS: [(char, usize); 7] = [('A', 18), ('B', 10), ('C', 8), ('D', 8), ('E', 4), ('F', 8), ('G', 11)];

/// Rows of the page: id, what enters it, what answers it, what shows it.
fn rows() -> Vec<(String, [String; 3])> {
    let row = Regex::new(r"(?m)^\| ([A-G]\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$").unwrap();
    let columns = |found: regex::Captures<'_>| {
        (found[1].to_owned(), [found[2].to_owned(), found[3].to_owned(), found[4].to_owned()])
    };
    row.captures_iter(PAGE).map(columns).collect()
}

/// Names in backticks.
fn named(text: &str) -> Vec<String> {
    let name = Regex::new("`([^`]+)`").unwrap();
    name.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn the_page_has_every_requirement_once() {
    let expected: Vec<String> =
        UNITS.iter().flat_map(|(unit, count)| (1..=*count).map(move |number| format!("{unit}{number}"))).collect();
    assert_eq!(rows().into_iter().map(|(id, _)| id).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_enters_and_answers_a_requirement_exists() {
    let document: Json = serde_json::from_str(include_str!("../openapi/openapi.json")).unwrap();
    let methods = |(path, item): (&String, &Json)| -> Vec<String> {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| format!("{} {path}", method.to_uppercase())).collect()
    };
    let operations: BTreeSet<String> = document["paths"].as_object().unwrap().iter().flat_map(methods).collect();
    let app = TestApp::start().await;
    let catalogue = app.administrator().await.get("/v1/figures").await.expect(200).body;
    let figures: BTreeSet<String> = catalogue["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|figure| figure["name"].as_str().unwrap().to_owned())
        .collect();
    let mut missing = Vec::new();
    for (id, [entered, answered, _]) in rows() {
        let (entered, answered) = (named(&entered), named(&answered));
        assert!(!entered.is_empty() && !answered.is_empty(), "{id} names nothing");
        let unknown = |name: &&String| {
            let operation = name.split_once('?').map_or(name.as_str(), |(operation, _)| operation);
            !operations.contains(operation) && !figures.contains(*name)
        };
        missing.extend(entered.iter().chain(&answered).filter(unknown).map(|name| format!("{id}: {name}")));
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn what_shows_a_requirement_is_a_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut missing = Vec::new();
    for (id, [.., shown]) in rows() {
        let tests = named(&shown);
        assert!(!tests.is_empty(), "{id} is shown by nothing");
        for name in tests {
            let (file, function) = name.split_once("::").unwrap_or((&name, ""));
            let source = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
            let test = Regex::new(&format!(r"#\[(?:tokio::)?test[^\]]*\]\s+(?:async )?fn {function}\(")).unwrap();
            if function.is_empty() || !test.is_match(&source) {
                missing.push(format!("{id}: {name}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
