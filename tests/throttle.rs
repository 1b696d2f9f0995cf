//! Guessing passwords is slow, and nobody is locked out of his own account by others.

use chrono::TimeDelta;
use lianfang::auth::{Grant, Role};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Actor, TestApp};

async fn account(app: &TestApp, username: &str) -> String {
    let grants = vec![Grant { role: Role::GateGuard, area_code: "511802005".into(), org_id: None }];
    app.add_user(Uuid::now_v7(), username, grants).await
}

async fn login(actor: &Actor, username: &str, password: &str, device_id: Option<&str>) -> (u16, String) {
    let mut body = json!({"username": username, "password": password});
    if let Some(device_id) = device_id {
        body["device_id"] = device_id.into();
    }
    let reply = actor.post("/v1/auth/login", &body).await;
    (reply.status, reply.header("retry-after").to_owned())
}

#[tokio::test]
async fn guesses_are_slowed_whether_the_account_exists_or_not() {
    let app = TestApp::start().await;
    let password = account(&app, "gate.one").await;
    let nobody = app.nobody();
    for name in ["gate.one", "no.such.account"] {
        let mut statuses = Vec::new();
        for _ in 0..12 {
            statuses.push(login(&nobody, name, "wrong password", None).await.0);
        }
        assert_eq!(statuses, [vec![401; 10], vec![429; 2]].concat(), "{name}");
    }
    let (status, retry_after) = login(&nobody, "GATE.ONE", &password, None).await;
    assert_eq!(status, 429, "case doesn't open another count");
    assert!((1..=901).contains(&retry_after.parse::<u32>().unwrap()));
    app.service.clock.shift(TimeDelta::minutes(16));
    assert_eq!(login(&nobody, "gate.one", &password, None).await.0, 200);
}

#[tokio::test]
async fn a_device_known_to_the_account_gets_in_while_others_guess() {
    let app = TestApp::start().await;
    let password = account(&app, "gate.two").await;
    let nobody = app.nobody();
    assert_eq!(login(&nobody, "gate.two", &password, Some("phone-7")).await.0, 200);
    for _ in 0..12 {
        login(&nobody, "gate.two", "wrong password", Some("another")).await;
    }
    assert_eq!(login(&nobody, "gate.two", &password, None).await.0, 429);
    assert_eq!(login(&nobody, "gate.two", &password, Some("phone-7")).await.0, 200);
    for _ in 0..25 {
        login(&nobody, "gate.two", "wrong password", Some("phone-7")).await;
    }
    assert_eq!(
        login(&nobody, "gate.two", &password, Some("phone-7")).await.0,
        429,
        "a stolen device guesses slowly too"
    );
}

#[tokio::test]
async fn signing_in_often_is_no_failure() {
    let app = TestApp::start().await;
    let password = account(&app, "gate.three").await;
    for _ in 0..15 {
        assert_eq!(login(&app.nobody(), "gate.three", &password, None).await.0, 200);
    }
}

#[tokio::test]
async fn one_device_has_one_family_and_a_lost_one_can_be_ended() {
    let app = TestApp::start().await;
    let password = account(&app, "gate.four").await;
    let pair = async |device: &str| {
        let body = json!({"username": "gate.four", "password": password, "device_id": device});
        app.nobody().post("/v1/auth/login", &body).await.expect(200).body
    };
    let (first, second, tablet) = (pair("phone").await, pair("phone").await, pair("tablet").await);
    let refresh = async |pair: &serde_json::Value| {
        app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": pair["refresh_token"]})).await
    };
    refresh(&first).await.expect(401);
    refresh(&second).await.expect(200);
    let mut actor = app.nobody();
    actor.token = tablet["access_token"].as_str().map(str::to_owned);
    let new_password = format!("雨城-{}", Uuid::now_v7());
    let change = json!({"current_password": password, "new_password": new_password});
    actor.post("/v1/auth/password", &change).await.expect(204);
    let body = json!({"username": "gate.four", "password": new_password, "device_id": "phone"});
    let phone = app.nobody().post("/v1/auth/login", &body).await.expect(200).body;
    let sessions = actor.get("/v1/auth/sessions").await.expect(200).body["items"].clone();
    let devices: Vec<_> =
        sessions.as_array().unwrap().iter().map(|s| (s["device_id"].as_str().unwrap(), s["current"] == true)).collect();
    assert_eq!(devices, [("phone", false), ("tablet", true)]);
    let lost = format!("/v1/auth/sessions/{}:end", sessions[0]["id"].as_str().unwrap());
    app.gate_guard("大兴街道").await.send(reqwest::Method::POST, &lost, None).await.expect(404);
    actor.send(reqwest::Method::POST, &lost, None).await.expect(204);
    refresh(&phone).await.expect(401);
}

#[tokio::test]
async fn a_reset_password_opens_once_and_ends_what_was_open() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let guard = app.gate_guard("大兴街道").await;
    let reset =
        admin.send(reqwest::Method::POST, &format!("/v1/users/{}:reset-password", guard.id), None).await.expect(200);
    guard.get("/v1/auth/me").await.expect(401);
    let (username, password) =
        (reset.body["username"].as_str().unwrap(), reset.body["one_time_password"].as_str().unwrap());
    let again = Actor::sign_in(&app, guard.id, username, password).await;
    again.get("/v1/places").await.expect(403);
    let other = app.actor_of(vec![Grant { role: Role::DistrictAdmin, area_code: "511803".into(), org_id: None }]).await;
    other.send(reqwest::Method::POST, &format!("/v1/users/{}:reset-password", guard.id), None).await.expect(404);
}

#[tokio::test]
async fn a_stolen_token_doesnt_guess_the_password() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let guess = json!({"current_password": "not the password", "new_password": "雨城区-防疫值守-2020"});
    for _ in 0..10 {
        assert_eq!(guard.post("/v1/auth/password", &guess).await.expect(422).faults()[0].1, "wrong_password");
    }
    let slowed = guard.post("/v1/auth/password", &guess).await.expect(429);
    assert!(slowed.header("retry-after").parse::<u32>().unwrap() > 0);
    let refused = app.rows("SELECT count(*) AS total FROM audit_log WHERE verb = 'user.refuse_password'").await;
    assert_eq!(refused.into_iter().next().unwrap().integer("total"), Some(10));
}
