//! Plain data of many people leaves only where a second person agreed, each time anew, and says so in every row.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, fake_resident_id};

const NDJSON: &str = "application/x-ndjson";
const FILTER: &str = "area_code=511802005";

async fn register(app: &TestApp, people: std::ops::Range<u32>) {
    let admin = app.administrator().await;
    let person = |sequence: u32| json!({"name": "王五", "document_number": fake_resident_id(sequence), "area_code": "511802005"});
    let items: Vec<Json> = people.map(person).collect();
    admin.post("/v1/people:batch", &json!({"items": items})).await.expect(207);
}

fn path(more: &str) -> String {
    format!("/v1/people?{FILTER}&unmasked=true&purpose=epidemic_control{more}")
}

async fn rows(actor: &Actor, path: &str) -> Result<Vec<Json>, Json> {
    let (status, _, bytes) = actor.with("accept", NDJSON).download(path).await;
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    if status == 200 { Ok(lines) } else { Err(lines[0]["code"].clone()) }
}

async fn ask(actor: &Actor) -> String {
    let body = json!({"kind": "people", "filter": FILTER, "purpose": "epidemic_control", "reason": "全街道底册"});
    let made = actor.post("/v1/export-requests", &body).await.expect(201);
    assert_eq!((&made.body["state"], &made.body["reason"]), (&json!("open"), &json!("全街道底册")));
    made.header("location").to_owned()
}

fn with(request: &str) -> String {
    path(&format!("&export_request_id={}", request.rsplit('/').next().unwrap()))
}

#[tokio::test]
async fn more_than_two_hundred_people_need_a_second_persons_agreement_each_time() {
    let app = TestApp::start().await;
    register(&app, 0..201).await;
    let (doctor, colleague) = (app.health_worker("大兴街道").await, app.health_worker("大兴街道").await);
    let (command, auditor) = (app.administrator().await, app.actor(Role::Auditor, "雨城区").await);
    assert_eq!(rows(&doctor, &path("")).await.unwrap_err(), "approval_required");
    assert_eq!(rows(&command, &path("")).await.unwrap_err(), "approval_required", "whoever it is");
    let request = ask(&doctor).await;
    assert_eq!(rows(&doctor, &with(&request)).await.unwrap_err(), "approval_required", "not agreed to yet");
    doctor.post(&format!("{request}:approve"), &json!({})).await.expect(403);
    colleague.post(&format!("{request}:approve"), &json!({})).await.expect(403);
    colleague.get(&request).await.expect(404);
    let approved = auditor.send(reqwest::Method::POST, &format!("{request}:approve"), None).await.expect(200).body;
    assert_eq!((&approved["state"], &approved["decided_by"]), (&json!("approved"), &json!(auditor.id)));
    command.send(reqwest::Method::POST, &format!("{request}:approve"), None).await.expect(409);
    // For nobody else, nothing else, no other purpose.
    assert_eq!(rows(&colleague, &with(&request)).await.unwrap_err(), "not_found");
    let wider = with(&request).replace(FILTER, "area_code=511802");
    assert_eq!(rows(&doctor, &wider).await.unwrap_err(), "approval_required");
    let other = with(&request).replace("epidemic_control", "statistics");
    assert_eq!(rows(&doctor, &other).await.unwrap_err(), "approval_required");

    let taken = rows(&doctor, &with(&request)).await.unwrap();
    assert_eq!((taken.len(), &taken[0]["name"]), (202, &json!("王五")));
    let mark = taken[200]["export_mark"].as_str().unwrap();
    for part in [request.rsplit('/').next().unwrap(), "全街道底册", "user-"] {
        assert!(mark.contains(part), "{mark}");
    }
    assert_eq!(rows(&doctor, &with(&request)).await.unwrap_err(), "approval_required", "good once");
    let as_of = doctor.get(&request).await.expect(200).body;
    assert_eq!(as_of["state"], "used");
    let lines = auditor.get("/v1/audit?verb=export.page").await.expect(200).body["items"].clone();
    assert_eq!(lines[0]["details"]["export_request_id"], request.rsplit('/').next().unwrap());

    // The command asks, too, and nobody agrees with himself.
    let own = ask(&command).await;
    command.send(reqwest::Method::POST, &format!("{own}:approve"), None).await.expect(403);
    auditor.post(&format!("{own}:refuse"), &json!({"reason": "范围过大"})).await.expect(200);
    assert_eq!(rows(&command, &with(&own)).await.unwrap_err(), "approval_required");
    let late = ask(&doctor).await;
    command.send(reqwest::Method::POST, &format!("{late}:approve"), None).await.expect(200);
    app.sql("UPDATE export_requests SET decided_at = decided_at - interval '25 hours'").await;
    assert_eq!(rows(&doctor, &with(&late)).await.unwrap_err(), "approval_required", "good for a day");
}

#[tokio::test]
async fn many_small_files_are_one_large_one() {
    let app = TestApp::start().await;
    register(&app, 0..150).await;
    let doctor = app.health_worker("大兴街道").await;
    let first = rows(&doctor, &path("")).await.unwrap();
    assert_eq!(first.len(), 151);
    assert!(first[0]["export_mark"].as_str().unwrap().contains("epidemic control"));
    assert_eq!(rows(&doctor, &path("")).await.unwrap().len(), 151, "the same people again are no others");
    let admin = app.administrator().await;
    let elsewhere: Vec<Json> = (1_000..1_060)
        .map(|sequence| json!({"name": "赵六", "document_number": fake_resident_id(sequence), "area_code": "511802005001"}))
        .collect();
    admin.post("/v1/people:batch", &json!({"items": elsewhere})).await.expect(207);
    let rest = path("").replace(FILTER, "area_code=511802005001");
    assert_eq!(rows(&doctor, &rest).await.unwrap_err(), "approval_required");
    // Masked, and as a spreadsheet marked.
    assert!(rows(&doctor, &format!("/v1/people?{FILTER}")).await.unwrap()[0].get("export_mark").is_none());
    let none = path("&sex=not_stated&headers=zh");
    let (status, _, bytes) = doctor.with("accept", "text/csv").download(&none).await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!((status, text.lines().next().unwrap().ends_with("导出标记")), (200, true), "{text}");
}
