//! The audit: who did what, writes of the ledger among it; who looked at whose record.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};

use crate::support::{Actor, KNOWN_PASSWORD, TestApp, examples};

async fn verbs(auditor: &Actor, query: &str) -> Vec<String> {
    let page = auditor.get(&format!("/v1/audit?{query}")).await.expect(200);
    page.body["items"].as_array().unwrap().iter().map(|line| line["verb"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn deeds_and_writes_stand_in_one_list_newest_first() {
    let app = TestApp::start().await;
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    let change = json!({"current_password": KNOWN_PASSWORD, "new_password": "雨城区-防疫值守-一碗清汤"});
    guard.post("/v1/auth/password", &change).await.expect(204);
    let path =
        guard.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201).header("location").to_owned();
    guard.patch(&path, "\"1\"", &json!({"mask": false})).await.expect(200);
    guard.post(&format!("{path}:void"), &json!({"reason": "twice"})).await.expect(200);
    guard.get("/v1/users").await.expect(403);
    let by_guard = verbs(&auditor, &format!("actor_id={}", guard.id)).await;
    assert_eq!(
        by_guard,
        [
            "privilege.refused",
            "screenings.void",
            "screenings.amend",
            "screenings.create",
            "people.create",
            "user.change_password",
            "session.open"
        ]
    );
    let refused = auditor.get("/v1/audit?verb=privilege.refused").await.body["items"][0].clone();
    assert_eq!(refused["details"], json!({"operation": "list_users", "code": "forbidden"}));
    assert_eq!((&refused["area_code"], &refused["address"]), (&json!("511802005"), &json!("127.0.0.1")));
    assert!(refused["actor_name"].as_str().unwrap().starts_with("user-"));
    assert_eq!(verbs(&auditor, "verb=screenings.void&subject_kind=screenings").await, ["screenings.void"]);
    assert_eq!(
        verbs(&auditor, &format!("include_writes=false&actor_id={}&verb=session.open", guard.id)).await.len(),
        1
    );
    let window = "from=2019-01-01T00:00:00Z&to=2019-02-01T00:00:00Z";
    assert!(verbs(&auditor, window).await.is_empty());
    assert!(auditor.get("/v1/audit").await.body.to_string().find("李四").is_none());
}

#[tokio::test]
async fn pages_of_any_size_miss_and_repeat_nothing() {
    let app = TestApp::start().await;
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    for sequence in 0..8 {
        cadre.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
        cadre.get("/v1/users").await.expect(403);
    }
    let whole = auditor.get("/v1/audit?limit=500").await.expect(200).body["items"].clone();
    let whole = whole.as_array().unwrap();
    assert!(whole.len() >= 20);
    for limit in [1, 2, 3, 7] {
        let mut paged: Vec<Json> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = auditor.get(&format!("/v1/audit?limit={limit}{cursor}")).await.expect(200).body;
            paged.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(&paged, whole, "limit {limit}");
    }
}

#[tokio::test]
async fn auditors_see_their_own_area() {
    let app = TestApp::start().await;
    let here = app.actor(Role::Auditor, "大兴街道").await;
    let there = app.actor_of(vec![Grant { role: Role::Auditor, area_code: "511803".into(), org_id: None }]).await;
    let guard = app.gate_guard("大兴街道").await;
    guard.get("/v1/users").await.expect(403);
    assert_eq!(verbs(&here, "verb=privilege.refused").await.len(), 1);
    assert!(verbs(&there, "verb=privilege.refused").await.is_empty());
    app.nobody().post("/v1/auth/login", &json!({"username": "nobody", "password": "x"})).await.expect(401);
    assert!(verbs(&here, "verb=session.refused").await.is_empty(), "not of a town");
    assert_eq!(verbs(&there, "verb=session.refused").await.len(), 1, "concerns no area: for whole districts");
}

#[tokio::test]
async fn who_looked_at_my_record_is_told() {
    let app = TestApp::start().await;
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let doctor = app.actor(Role::HealthWorker, "大兴街道").await;
    let person = doctor.post("/v1/people", &examples::of_kind("people")).await.expect(201).body;
    let path = format!("/v1/people/{}", person["id"].as_str().unwrap());
    let faults =
        doctor.post(&format!("{path}:reveal"), &json!({"purpose": "medical_follow_up"})).await.expect(422).faults();
    assert_eq!(faults, [("/reason".to_owned(), "required".to_owned())]);
    let log = async |actor: &Actor| {
        let page = actor.get(&format!("{path}/access-log")).await.expect(200).body;
        let lines = page["items"].as_array().unwrap().clone();
        lines.iter().map(|line| line["verb"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(log(&auditor).await, ["people.create"]);
    let why = json!({"purpose": "medical_follow_up", "reason": "发热随访"});
    let revealed = doctor.post(&format!("{path}:reveal"), &why).await.expect(200);
    let sent = examples::of_kind("people");
    assert_eq!((&revealed.body["name"], &revealed.body["document_number"]), (&sent["name"], &sent["document_number"]));
    assert_eq!(revealed.header("cache-control"), "no-store");
    assert_eq!(log(&auditor).await, ["people.reveal", "people.create"], "exactly one line a reveal");
    doctor.post("/v1/people:search", &json!({"document_number": sent["document_number"]})).await.expect(200);
    assert_eq!(log(&auditor).await[0], "people.search");
    app.actor(Role::Auditor, "八步镇").await.get(&format!("{path}/access-log")).await.expect(404);
    app.gate_guard("大兴街道").await.post(&format!("{path}:reveal"), &why).await.expect(403);
    app.actor(Role::HealthWorker, "八步镇").await.post(&format!("{path}:reveal"), &why).await.expect(404);
    let line = auditor.get("/v1/audit?verb=people.reveal").await.body["items"][0].clone();
    assert_eq!(line["details"]["reason"], "发热随访");
    assert_eq!(line["actor_id"], doctor.id.to_string());
}

/// Callers refused a thousand times stand in the audit once a minute, with the number of refusals.
#[tokio::test]
async fn refusals_are_counted_and_told_once_a_minute() {
    let app = TestApp::start().await;
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let (guard, other) = (app.gate_guard("大兴街道").await, app.gate_guard("大兴街道").await);
    for _ in 0..40 {
        guard.get("/v1/users").await.expect(403);
    }
    guard.get("/v1/api-keys").await.expect(403);
    other.get("/v1/users").await.expect(403);
    let of = async |actor: &Actor| {
        let page = auditor.get(&format!("/v1/audit?verb=privilege.refused&actor_id={}", actor.id)).await.expect(200);
        page.body["items"].as_array().unwrap().clone()
    };
    assert_eq!((of(&guard).await.len(), of(&other).await.len()), (1, 1), "each caller's first is told at once");
    app.core.clock.shift(chrono::TimeDelta::seconds(61));
    let told = async {
        loop {
            let lines = of(&guard).await;
            if lines.len() > 1 {
                return lines[0]["details"].clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let told = tokio::time::timeout(std::time::Duration::from_secs(20), told).await.unwrap();
    assert_eq!(told, json!({"requests": 40, "operations": {"list_users": 39, "list_api_keys": 1}}));
    assert_eq!(of(&other).await.len(), 1, "nothing more, no line more");
    let text = app.core.metrics.text(&app.core).unwrap();
    assert!(text.contains("lianfang_requests_denied_total 42\n"), "{text}");
}
