//! Bad input for every way in: each file of `tests/corpus` goes through its own, over HTTP, and is answered as the
//! table beside it says. What a file, a list or a table is: `tests/corpus/README.md`.

mod bodies;
mod cursors;
mod files;
mod numbers;
mod tokens;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, Reply, TestApp, examples};

/// The checkpoint that files name.
pub const PLACE: &str = "00000000-0000-4000-8000-000000000000";

/// The folder of a way in.
pub fn folder(way: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "corpus", way].iter().collect()
}

/// The files of a way in, by name.
pub fn files(way: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder(way)).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = entries.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect();
    files.retain(|(name, _)| name != "expect");
    files.sort();
    files
}

/// The cases of a list, a line each; what begins with `#` is said to people.
pub fn lines(way: &str, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder(way).join(name)).unwrap();
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
}

/// Demands that every file was answered as the table says; `CORPUS_WRITE=1` writes the table anew, to be read over.
pub fn require_table(way: &str, found: &BTreeMap<String, String>) {
    let path = folder(way).join("expect");
    let text: String = found.iter().map(|(name, answer)| format!("{name}: {answer}\n")).collect();
    if std::env::var("CORPUS_WRITE").is_ok() {
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (one, other) in expected.lines().zip(text.lines()) {
        assert_eq!(one, other, "expected above, found below ({})", path.display());
    }
    assert_eq!(expected, text, "{}", path.display());
}

/// Whatever was sent: no failure of ours, and a refusal that says in the one form what is wrong.
#[track_caller]
pub fn require_form(reply: &Reply, at: &str) {
    assert!(reply.status < 500, "{at}: {} {}", reply.status, reply.body);
    if reply.status < 400 {
        return;
    }
    assert_eq!(reply.header("content-type"), "application/problem+json", "{at}");
    require_problem(&reply.body, at);
    assert_eq!(reply.body["status"], reply.status, "{at}");
}

/// A problem has all its members, and each fault a pointer, a code and words.
#[track_caller]
pub fn require_problem(body: &Json, at: &str) {
    for member in ["type", "title", "detail", "code", "request_id"] {
        assert!(body[member].is_string(), "{at}: no {member}: {body}");
    }
    for fault in body["errors"].as_array().into_iter().flatten() {
        let pointer = fault["pointer"].as_str().unwrap();
        assert!(pointer.is_empty() || pointer.starts_with(['/', '?']), "{at}: {pointer}");
        assert!(fault["code"].is_string() && fault["message"].is_string(), "{at}: {fault}");
    }
}

/// A problem in a line: `422 unprocessable /direction:required`.
pub fn told(status: u16, problem: &Json) -> String {
    let text = |json: &Json, name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let faults = problem["errors"].as_array().into_iter().flatten();
    let mut faults: Vec<String> =
        faults.map(|fault| format!(" {}:{}", text(fault, "pointer"), text(fault, "code"))).collect();
    let more = faults.len().saturating_sub(12);
    faults.truncate(12);
    let code = text(problem, "code");
    let space = if code.is_empty() { "" } else { " " };
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{status}{space}{code}{}{rest}", faults.concat()).escape_debug().to_string().replace("\\'", "'")
}

/// A service with the checkpoint that files name, and its administrator.
pub async fn prepared() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = json!({"id": PLACE, "kind": "compound_gate", "name": "北门", "area_code": "511802005"});
    admin.post("/v1/places", &place).await.expect(201);
    (app, admin)
}

/// A good request is answered right after the bad ones, and all that was taken is as it was written.
pub async fn require_health(app: &TestApp, admin: &Actor) {
    let mut body = examples::screening(PLACE, 77);
    body["id"] = json!(Uuid::now_v7());
    admin.post("/v1/screenings", &body).await.expect(201);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
