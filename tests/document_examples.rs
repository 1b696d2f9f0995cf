//! Examples of the document, sent: each by the operation that it is of, on records that the examples of creations made.

use std::collections::{BTreeMap, BTreeSet};

use lianfang::server::routes;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::document::example;
use crate::support::{Actor, TestApp, examples, fake_resident_id};

/// The person that examples name who isn't made by one: a leader, the one who stays of two.
const PERSON: &str = "0198c0de-0003-7000-8000-000000000001";

/// Operations whose example is understood, and not done to a record that the other examples left so: what it is told.
const NOT_NOW: &[(&str, &str)] = &[
    // Its gate measured no fever.
    ("open_case_from_screening", "not_abnormal"),
    // Whoever leads a group lives in one of its households; nobody was moved in.
    ("set_up_household_group", "leader_not_member"),
    // One of two was merged into the other before.
    ("merge_person", "already_merged"),
    // Of what can be answered once, the one answer comes before the other.
    ("decline_service_record", "already_ended"),
    ("accept_shift_swap", "already_ended"),
    ("swap_shift_assignment", "already_ended"),
    // A round is closed before it is started here, and is over once it was.
    ("close_survey_round", "round_not_running"),
    ("start_survey_round", "round_not_draft"),
    // The same account as that of `create_user`.
    ("create_user_batch", "username_taken"),
    // An entry that others name stays; a step that was taken, too.
    ("void", "in_use"),
    ("void", "transition_stands"),
];

/// A body that the document shows: method, path, operation, itself.
struct Shown {
    method: Method,
    path: String,
    id: String,
    body: Json,
}

/// All of them, but those about the sender's own session: first what names a revision, last what ends a record.
fn shown(document: &Json) -> Vec<Shown> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.contains("/auth/")) {
        for method in [Method::POST, Method::PATCH, Method::PUT] {
            let operation = &item[method.as_str().to_lowercase()];
            let body = example(&operation["requestBody"]["content"]["application/json"]).clone();
            if !body.is_null() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                all.push(Shown { method, path: path.clone(), id, body });
            }
        }
    }
    let turn = |shown: &Shown| match shown.path.split_once(':').map(|(_, verb)| verb) {
        Some("batch-amend") => 0,
        Some("batch-void") => 2,
        Some("restore") => 3,
        Some("void") => 4,
        _ => 1,
    };
    all.sort_by_key(turn);
    all
}

/// The records that the examples of creations make, by the path of their kind.
async fn made(admin: &Actor) -> BTreeMap<&'static str, String> {
    let mut person = examples::of_kind("people");
    (person["id"], person["document_number"]) = (PERSON.into(), fake_resident_id(77).into());
    admin.post("/v1/people", &person).await.expect(201);
    for place in examples::places() {
        admin.post("/v1/places", &place).await.expect(201);
    }
    let mut made = BTreeMap::new();
    for kind in routes::KINDS.iter().filter(|kind| !kind.writers.is_empty()) {
        let created = admin.post(&format!("/v1/{}", kind.path), &examples::of_kind(kind.name)).await.expect(201).body;
        made.insert(kind.path, created["id"].as_str().unwrap().to_owned());
    }
    made
}

/// Whoever copies an example out of the document has a body that is understood and, where nothing else forbids it, done.
#[tokio::test]
async fn no_operation_refuses_its_own_example() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let document = admin.get("/openapi.json").await.expect(200).body;
    let made = made(&admin).await;
    let (mut refused, mut count, mut met) = (Vec::new(), 0, BTreeSet::new());
    for mut shown in shown(&document) {
        let Some(path) = filled(&shown.path, &made) else { continue };
        settle(&admin, &mut shown, &path, &made).await;
        let sender = match shown.method {
            Method::PATCH => admin.with("if-match", &tag(&admin, &path).await),
            _ => admin.clone(),
        };
        let reply = sender.send(shown.method.clone(), &path, Some(shown.body.to_string())).await;
        count += 1;
        for problem in problems(&reply.body, reply.status) {
            let code = problem["errors"][0]["code"].as_str().or(problem["code"].as_str()).unwrap_or_default();
            let code = if code == "still_named" { "in_use" } else { code };
            match NOT_NOW.iter().find(|(id, known)| shown.id.starts_with(id) && *known == code) {
                Some(known) => _ = met.insert(*known),
                None => refused.push(format!("{} {problem}", shown.id)),
            }
        }
    }
    assert!(count > 500, "{count}");
    let unmet: Vec<_> = NOT_NOW.iter().filter(|known| !met.contains(*known)).collect();
    assert!(refused.is_empty() && unmet.is_empty(), "{} of {count}:\n{}\n{unmet:?}", refused.len(), refused.join("\n"));
}

/// Problems of an answer: of all of it, or of items of it.
fn problems(body: &Json, status: u16) -> Vec<Json> {
    if !(200..300).contains(&status) {
        return vec![body.clone()];
    }
    let results = body["results"].as_array().into_iter().flatten();
    let wrong = results.filter(|one| matches!(one["outcome"].as_str(), Some("refused" | "held")));
    wrong.map(|one| one["problem"].clone()).collect()
}

/// Readies what an example takes for granted: the revision that was read, a person who wasn't merged already.
async fn settle(admin: &Actor, shown: &mut Shown, path: &str, made: &BTreeMap<&str, String>) {
    if shown.path.ends_with(":batch-void") || shown.path.ends_with(":batch-amend") {
        let item = &mut shown.body["items"][0];
        let base = path.split(':').next().unwrap();
        if base == "/v1/people" {
            item["id"] = made["people"].clone().into();
        }
        let record = admin.get(&format!("{base}/{}", item["id"].as_str().unwrap())).await;
        item["revision"] = record.body.get("revision").cloned().unwrap_or_else(|| json!(1));
    }
}

async fn tag(admin: &Actor, path: &str) -> String {
    let reply = admin.get(path).await;
    reply.headers.get("etag").map_or_else(|| "\"1\"".to_owned(), |tag| tag.to_str().unwrap().to_owned())
}

/// The path with the id of the record that it is about; none where no example makes one.
fn filled(path: &str, made: &BTreeMap<&str, String>) -> Option<String> {
    if !path.contains('{') {
        return Some(path.to_owned());
    }
    let kind = path.trim_start_matches("/v1/").split('/').next()?;
    let filled = path.replace("{id}", made.get(kind)?);
    (!filled.contains('{')).then_some(filled)
}
