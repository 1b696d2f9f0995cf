//! Signing in: what gets in, what doesn't, and what a stranger can't learn from it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, KNOWN_PASSWORD, TestApp};

#[tokio::test]
async fn a_one_time_password_opens_nothing_until_it_is_changed() {
    let app = TestApp::start().await;
    let id = Uuid::now_v7();
    let grant = Grant { role: Role::DistrictAdmin, area_code: "511802".into(), org_id: None };
    let password = app.add_user(id, "zhou.min", vec![grant]).await;
    let actor = Actor::sign_in(&app, id, "ZHOU.min", &password).await;
    for path in ["/v1/places", "/v1/users", "/v1/divisions", "/v1/changes"] {
        assert_eq!(actor.get(path).await.expect(403).code(), "password_change_required", "{path}");
    }
    assert_eq!(actor.get("/v1/auth/me").await.expect(200).body["password_change_required"], true);
    let change = async |current: &str, new: &str| {
        actor.post("/v1/auth/password", &json!({"current_password": current, "new_password": new})).await
    };
    assert_eq!(change("wrong", "雨城区-防疫值守-2020").await.expect(422).faults()[0].1, "wrong_password");
    assert_eq!(change(&password, &password).await.expect(422).faults()[0].1, "same_password");
    assert_eq!(change(&password, "short").await.expect(422).faults()[0].1, "too_short");
    assert_eq!(change(&password, "zhou.min-2020").await.expect(422).faults()[0].1, "weak_password");
    change(&password, "雨城区-防疫值守-2020").await.expect(204);
    actor.get("/v1/places").await.expect(200);
    let again = json!({"username": "zhou.min", "password": password});
    assert_eq!(app.nobody().post("/v1/auth/login", &again).await.expect(401).code(), "bad_credentials");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let app = TestApp::start().await;
    let id = Uuid::now_v7();
    app.add_user(id, "somebody", vec![]).await;
    let mut bodies = Vec::new();
    for name in ["somebody", "nobody.here"] {
        let mut reply =
            app.nobody().post("/v1/auth/login", &json!({"username": name, "password": "x"})).await.expect(401);
        assert!(reply.header("www-authenticate").starts_with("Bearer"));
        reply.body["request_id"] = Json::Null;
        bodies.push(reply.body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_reuse_ends_the_family() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let refresh = async |token: &Json| app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": token})).await;
    let first = json!(guard.refresh_token);
    let second = refresh(&first).await.expect(200).body["refresh_token"].clone();
    assert_eq!(refresh(&first).await.expect(200).body["refresh_token"], second, "the answer was lost");
    let third = refresh(&second).await.expect(200).body["refresh_token"].clone();
    assert_ne!(second, third);
    assert_eq!(refresh(&first).await.expect(401).code(), "invalid_token");
    refresh(&third).await.expect(401);
    assert_eq!(guard.get("/v1/auth/me").await.expect(401).code(), "invalid_token");
}

#[tokio::test]
async fn sessions_end_by_sign_out_by_time_and_by_a_new_password() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    guard.send(reqwest::Method::POST, "/v1/auth/logout", None).await.expect(204);
    guard.get("/v1/auth/me").await.expect(401);
    app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": guard.refresh_token})).await.expect(401);

    let id = Uuid::now_v7();
    let password = app.add_user(id, "two.devices", vec![]).await;
    let (phone, desk) = (
        Actor::sign_in(&app, id, "two.devices", &password).await,
        Actor::sign_in(&app, id, "two.devices", &password).await,
    );
    desk.post("/v1/auth/password", &json!({"current_password": password, "new_password": "雨城区-防疫值守-2020"}))
        .await
        .expect(204);
    phone.get("/v1/auth/me").await.expect(401);
    desk.get("/v1/auth/me").await.expect(200);

    app.core.clock.shift(TimeDelta::minutes(11));
    assert_eq!(desk.get("/v1/auth/me").await.expect(401).code(), "invalid_token");
    let renewed =
        app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": desk.refresh_token})).await.expect(200).body;
    app.core.clock.shift(TimeDelta::days(31));
    app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": renewed["refresh_token"]})).await.expect(401);
}

#[tokio::test]
async fn tokens_of_others_and_altered_ones_are_worth_nothing() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let token = guard.token.clone().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let none = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let claims: Json = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let mut other = claims.clone();
    other["sub"] = Uuid::now_v7().to_string().into();
    let other = BASE64_URL_SAFE_NO_PAD.encode(other.to_string());
    for forged in [
        format!("{none}.{}.", parts[1]),
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{token}A"),
        "x".to_owned(),
        String::new(),
    ] {
        let mut actor = guard.clone();
        actor.token = Some(forged.clone());
        let reply = actor.get("/v1/auth/me").await.expect(401);
        assert!(matches!(reply.code(), "invalid_token" | "unauthenticated"), "{forged}");
    }
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    let keys = app.nobody().get("/.well-known/jwks.json").await.expect(200).body;
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert!(keys["keys"][0].get("d").is_none());
    let basic = app.nobody().with("authorization", "Basic eDp5").get("/v1/auth/me").await;
    basic.expect(401);
}

#[tokio::test]
async fn what_is_no_record_is_noted_too() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let change = json!({"current_password": KNOWN_PASSWORD, "new_password": "雨城区-防疫值守-一碗清汤"});
    admin.post("/v1/auth/password", &change).await.expect(204);
    admin.post("/v1/auth/login", &json!({"username": "nobody.here", "password": "x"})).await.expect(401);
    let body = json!({"username": "gate.one", "display_name": "x", "roles": [{"role": "gate_guard", "area_code": "511802005"}]});
    admin.post("/v1/users", &body).await.expect(201);
    let rows = app.rows("SELECT verb, actor_id, request_id FROM audit_log ORDER BY occurred_at, id").await;
    let verbs: Vec<String> = rows.into_iter().filter_map(|mut row| row.text("verb")).collect();
    assert_eq!(verbs, ["user.create", "session.open", "user.change_password", "session.refused", "user.create"]);
}
