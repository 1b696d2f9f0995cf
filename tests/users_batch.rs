//! The accounts of a town in one request: made by whoever may make each, told their passwords once.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp};

fn new(username: &str, role: &str, area_code: &str) -> Json {
    json!({"username": username, "display_name": "值守", "roles": [{"role": role, "area_code": area_code}]})
}

fn told(body: &Json) -> Vec<(String, i64)> {
    let told = |result: &Json| (result["outcome"].as_str().unwrap().to_owned(), result["status"].as_i64().unwrap());
    body["results"].as_array().unwrap().iter().map(told).collect()
}

#[tokio::test]
async fn a_town_sets_up_its_own_people_and_nobody_elses() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let town = app.actor(Role::OrgAdmin, "大兴街道").await;
    admin.post("/v1/users", &new("Taken", "gate_guard", "511802101")).await.expect(201);
    let items = json!({"items": [
        new("gate.a", "gate_guard", "511802005"),
        new("gate.b", "gate_guard", "511802101"),
        new("chief", "district_admin", "511802005"),
        new("taken", "gate_guard", "511802005"),
        new("GATE.A", "volunteer", "511802005001"),
        {"username": "x", "display_name": "", "phone": "154****0009", "colour": 1, "roles": [{"role": "king", "area_code": "1"}]},
        null,
        new("gate.c", "volunteer", "511802005001"),
    ]});
    let (made, valid) = (("created".to_owned(), 201), ("valid".to_owned(), 200));
    let refused = |status| ("refused".to_owned(), status);
    let rest = [refused(403), refused(403), refused(409), refused(409), refused(400), refused(400)];
    let count = async || app.rows("SELECT count(*) AS n FROM users").await[0].integer("n").unwrap();
    let before = count().await;
    let tried = town.post("/v1/users:batch?validate_only=true", &items).await.expect(207);
    assert_eq!(told(&tried.body), [&[valid.clone()], &rest[..], &[valid]].concat());
    assert_eq!(count().await, before);
    assert!(!tried.body.to_string().contains("one_time_password\":\""));

    let reply = town.post("/v1/users:batch", &items).await.expect(207);
    assert_eq!(told(&reply.body), [&[made.clone()], &rest[..], &[made]].concat(), "{}", reply.body);
    assert_eq!((count().await - before, reply.header("cache-control")), (2, "no-store"));
    let results = reply.body["results"].as_array().unwrap();
    assert!(results[5]["problem"]["errors"].as_array().unwrap().len() >= 4, "all faults at once: {}", results[5]);
    assert!(results[1..7].iter().all(|result| result["user"].is_null() && result["one_time_password"].is_null()));
    let passwords: Vec<&str> = [0, 7].map(|index| results[index]["one_time_password"].as_str().unwrap()).into();
    assert_ne!(passwords[0], passwords[1]);
    let id: Uuid = results[0]["user"]["id"].as_str().unwrap().parse().unwrap();
    let guard = Actor::sign_in(&app, id, "gate.a", passwords[0]).await;
    assert_eq!(guard.get("/v1/screenings").await.expect(403).code(), "password_change_required");

    let again = town.post("/v1/users:batch", &items).await.expect(207);
    assert!(again.body["results"].as_array().unwrap().iter().all(|result| result["one_time_password"].is_null()));
    assert_eq!(told(&again.body)[0], refused(409));
    let noted = admin.get("/v1/audit?limit=100").await.expect(200).body;
    let made = noted["items"].as_array().unwrap().iter().filter(|line| line["verb"] == "user.create");
    assert_eq!(made.filter(|line| line["actor_id"] == json!(town.id)).count(), 2, "each is noted");
    let told_by_lists = town.get("/v1/users?limit=100").await.expect(200).body.to_string() + &noted.to_string();
    assert!(passwords.iter().all(|password| !told_by_lists.contains(password)));
    let guard = app.gate_guard("大兴街道").await;
    assert_eq!(guard.post("/v1/users:batch", &items).await.expect(403).code(), "forbidden");
    for (body, pointer) in
        [(json!({"items": []}), "/items"), (json!({"items": vec![json!({}); 501]}), "/items"), (json!(7), "")]
    {
        assert_eq!(town.post("/v1/users:batch", &body).await.faults()[0].0, pointer);
    }
}
