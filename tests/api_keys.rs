//! API keys: made within one's own reach, narrowed to scopes, over when revoked or expired.

use chrono::TimeDelta;
use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};

pub fn new_key(app: &TestApp, role: &str, area_code: &str, scopes: &[&str]) -> Json {
    let expires_at = (app.core.clock.now() + TimeDelta::days(30)).to_rfc3339();
    json!({"name": "看板", "role": role, "area_code": area_code, "scopes": scopes, "expires_at": expires_at})
}

pub fn holder(app: &TestApp, created: &Json) -> Actor {
    let mut actor = app.nobody();
    actor.token = created["key"].as_str().map(str::to_owned);
    actor
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let reader =
        admin.post("/v1/api-keys", &new_key(&app, "gate_guard", "511802005", &["read"])).await.expect(201).body;
    let writer =
        admin.post("/v1/api-keys", &new_key(&app, "gate_guard", "511802005", &["write"])).await.expect(201).body;
    let (reader, writer) = (holder(&app, &reader), holder(&app, &writer));
    let body = examples::screening(&place, 1);
    let created = writer.post("/v1/screenings", &body).await.expect(201);
    reader.get(created.header("location")).await.expect(200);
    assert_eq!(writer.get(created.header("location")).await.expect(403).code(), "key_out_of_scope");
    assert_eq!(reader.post("/v1/screenings", &body).await.expect(403).code(), "key_out_of_scope");
    for path in ["/v1/users", "/v1/api-keys", "/v1/auth/sessions", "/v1/audit"] {
        assert_eq!(reader.get(path).await.status, 403, "{path}: never for keys, or not for this role");
    }
    let reveal = format!("/v1/people/{}:reveal", created.body["person_id"].as_str().unwrap());
    writer.post(&reveal, &json!({"purpose": "legal_duty", "reason": "x y"})).await.expect(403);
    reader.get("/v1/divisions?parent=511802").await.expect(200);
    reader.get("/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_statistics_key_reaches_no_record() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let body = new_key(&app, "statistics_reader", "511802", &["statistics"]);
    let key = holder(&app, &admin.post("/v1/api-keys", &body).await.expect(201).body);
    for kind in app.core.kinds().kinds() {
        key.get(&format!("/v1/{}", kind.path)).await.expect(403);
    }
    key.get("/v1/changes?since=0").await.expect(403);
    key.get("/v1/vocabularies").await.expect(200);
}

#[tokio::test]
async fn a_key_ends_when_revoked_or_expired_and_is_shown_once() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        keys.push(admin.post("/v1/api-keys", &new_key(&app, "gate_guard", "511802", &["read"])).await.expect(201).body);
    }
    let path = format!("/v1/api-keys/{}", keys[0]["id"].as_str().unwrap());
    assert!(admin.get(&path).await.expect(200).body.get("key").is_none());
    let holders = [holder(&app, &keys[0]), holder(&app, &keys[1])];
    for holder in &holders {
        holder.get("/v1/places").await.expect(200);
    }
    let revoked = admin.send(reqwest::Method::POST, &format!("{path}:revoke"), None).await.expect(200);
    assert_ne!(revoked.body["revoked_at"], Json::Null);
    admin.send(reqwest::Method::POST, &format!("{path}:revoke"), None).await.expect(200);
    assert_eq!(holders[0].get("/v1/places").await.expect(401).code(), "invalid_token");
    app.core.clock.shift(TimeDelta::days(31));
    app.core.accounts.forget_key(keys[1]["id"].as_str().unwrap().parse().unwrap());
    holders[1].get("/v1/places").await.expect(401);
    let text = keys[1]["key"].as_str().unwrap();
    for wrong in ["lf_", "lf_x_y", &text[..text.len() - 1], &format!("{text}0"), &text.replace("lf_", "lf_0")] {
        let mut actor = app.nobody();
        actor.token = Some(wrong.to_owned());
        actor.get("/v1/places").await.expect(401);
    }
    let kept = app.rows("SELECT row_to_json(k)::text AS row FROM api_keys k").await;
    let secret = text.rsplit('_').next().unwrap().to_owned();
    assert!(kept.into_iter().all(|mut row| !row.text("row").unwrap().contains(&secret)));
}

#[tokio::test]
async fn nobody_makes_a_key_wider_than_himself() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let wide = admin.post("/v1/api-keys", &new_key(&app, "gate_guard", "5118", &["read"])).await;
    assert_eq!(wide.expect(403).code(), "grant_too_wide");
    let faulty =
        json!({"name": "", "role": "king", "area_code": "999999", "scopes": [], "expires_at": "2001-01-01T00:00:00Z"});
    let faults = admin.post("/v1/api-keys", &faulty).await.expect(422).faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/expires_at", "/name", "/role", "/scopes"]);
    let other = app.actor_of(vec![Grant { role: Role::DistrictAdmin, area_code: "511803".into(), org_id: None }]).await;
    let made = admin.post("/v1/api-keys", &new_key(&app, "gate_guard", "511802", &["read"])).await.expect(201).body;
    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    other.get(&path).await.expect(404);
    other.send(reqwest::Method::POST, &format!("{path}:revoke"), None).await.expect(404);
    assert_eq!(other.get("/v1/api-keys").await.expect(200).body["items"], json!([]));
    let body = new_key(&app, "gate_guard", "511802", &["read"]);
    let keyed = admin.with("idempotency-key", "k-1").post("/v1/api-keys", &body).await;
    assert_eq!(keyed.expect(400).code(), "bad_idempotency_key");
}
