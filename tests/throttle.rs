//! Guessing passwords is slow, and nobody is locked out of his own account by others.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use lianfang::platform::access::{Grant, Role};
use serde_json::json;
use tokio::time::sleep;
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

/// A device's name as an app makes it.
const PHONE: &str = "phone-2f0c5a7d9be14c36";

#[tokio::test]
async fn guesses_are_slowed_whether_the_account_exists_or_not() {
    let app = TestApp::start().await;
    let password = account(&app, "gate.one").await;
    let nobody = app.nobody();
    let guess = async |name: &str| {
        let (mut statuses, mut took) = (Vec::new(), Vec::new());
        for _ in 0..13 {
            let started = Instant::now();
            statuses.push(login(&nobody, name, "wrong password", Some("dashboard")).await.0);
            took.push(started.elapsed());
        }
        (statuses, took)
    };
    for (statuses, took) in <[_; 2]>::from(tokio::join!(guess("gate.one"), guess("no.such.account"))) {
        assert_eq!(statuses, [401; 13], "one answer for all");
        assert!(took[12] >= Duration::from_millis(1_000) && took[12] > took[10], "{took:?}");
    }
    // Nobody is locked out, whatever the case of the name and the device: only slowed.
    let started = Instant::now();
    assert_eq!(login(&nobody, "GATE.ONE", &password, Some("dashboard")).await.0, 200);
    assert!(started.elapsed() >= Duration::from_millis(2_000), "case doesn't open another count");
    app.core.clock.shift(TimeDelta::minutes(16));
    assert_eq!(login(&nobody, "gate.one", &password, None).await.0, 200);
}

/// Many at once stand in a line; where it is too long they come again, and nobody learns who exists.
#[tokio::test]
async fn a_flood_of_guesses_keeps_the_owner_in() {
    let app = TestApp::start().await;
    let password = account(&app, "gate.two").await;
    let nobody = app.nobody();
    assert_eq!(login(&nobody, "gate.two", &password, Some(PHONE)).await.0, 200);
    let flood = async |name: &str| {
        let guesses = (0..30).map(|_| login(&nobody, name, "wrong password", Some("dashboard")));
        let mut answers = futures_util::future::join_all(guesses).await;
        answers.sort();
        let refused = answers.iter().filter(|(status, _)| *status == 429);
        assert!(refused.clone().all(|(_, retry_after)| (1..=60).contains(&retry_after.parse::<u32>().unwrap())));
        (answers.iter().filter(|(status, _)| *status == 401).count(), refused.count())
    };
    let owner = async {
        sleep(Duration::from_millis(500)).await;
        assert_eq!(login(&nobody, "gate.two", &password, Some(PHONE)).await.0, 200, "a known device isn't sent away");
    };
    let (of_one, of_none, ()) = tokio::join!(flood("gate.two"), flood("no.such.account"), owner);
    assert_eq!(of_one, of_none, "one answer for all");
    assert_eq!(of_one.0 + of_one.1, 30);
    assert!(of_one.1 > 0);
    // From a device that isn't known he comes in too, when the line is over.
    let (status, retry_after) = login(&nobody, "gate.two", &password, None).await;
    if status == 429 {
        sleep(Duration::from_secs(retry_after.parse().unwrap())).await;
        assert_eq!(login(&nobody, "gate.two", &password, None).await.0, 200);
    }
}

/// Names that former pages sent were the same for all browsers: they are no device of anybody's.
#[tokio::test]
async fn a_device_that_can_be_guessed_is_not_known() {
    let app = TestApp::start().await;
    let password = account(&app, "gate.five").await;
    let nobody = app.nobody();
    for device in ["dashboard", "documentation page", "phone-7"] {
        assert_eq!(login(&nobody, "gate.five", &password, Some(device)).await.0, 200);
    }
    for _ in 0..12 {
        login(&nobody, "gate.five", "wrong password", Some("documentation page")).await;
    }
    for (device, slowed) in [("dashboard", true), ("phone-7", true)] {
        let started = Instant::now();
        assert_eq!(login(&nobody, "gate.five", &password, Some(device)).await.0, 200);
        assert_eq!(started.elapsed() >= Duration::from_millis(500), slowed, "{device}: {:?}", started.elapsed());
    }
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
