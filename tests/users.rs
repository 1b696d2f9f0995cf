//! Accounts: made and changed within one's own reach, and nowhere beyond.

use std::time::Duration;

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples};

fn user(name: &str, roles: Json) -> Json {
    json!({"username": name, "display_name": "x", "roles": roles})
}

#[tokio::test]
async fn nobody_grants_more_than_he_holds() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let role = |role: &str, area: &str| json!([{"role": role, "area_code": area}]);
    for (roles, status) in [
        (role("gate_guard", "511802005"), 201),
        (role("district_admin", "511802"), 201),
        (role("gate_guard", "511803"), 403),
        (role("gate_guard", "5118"), 403),
        (json!([{"role": "gate_guard", "area_code": "511802005"}, {"role": "auditor", "area_code": "51"}]), 403),
    ] {
        let name = format!("u{}", Uuid::now_v7().simple());
        let reply = admin.post("/v1/users", &user(&name, roles.clone())).await;
        assert_eq!(reply.status, status, "{roles} {}", reply.body);
        assert!(status == 201 || reply.code() == "grant_too_wide");
    }
    let org = admin
        .post("/v1/organizations", &json!({"kind": "school", "name": "一小", "area_code": "511802001"}))
        .await
        .expect(201)
        .body["id"]
        .clone();
    let org_id = Some(Uuid::parse_str(org.as_str().unwrap()).unwrap());
    let department = app.actor_of(vec![Grant { role: Role::OrgAdmin, area_code: "511802".into(), org_id }]).await;
    let own = json!([{"role": "gate_guard", "area_code": "511802001", "org_id": org}]);
    department.post("/v1/users", &user("own.guard", own)).await.expect(201);
    department.post("/v1/users", &user("free.guard", role("gate_guard", "511802001"))).await.expect(403);
    let command = json!([{"role": "district_admin", "area_code": "511802", "org_id": org}]);
    department.post("/v1/users", &user("command", command)).await.expect(403);
    app.town_cadre("大兴街道")
        .await
        .post("/v1/users", &user("x.y.z", role("gate_guard", "511802005")))
        .await
        .expect(403);
}

#[tokio::test]
async fn all_faults_of_an_account_are_told_at_once() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let body = json!({"username": "张三", "phone": "123", "org_id": Uuid::now_v7(), "roles": [{"role": "gate_guard", "area_code": "511802103"}, {"role": "king", "area_code": "511802"}]});
    let faults = admin.post("/v1/users", &body).await.expect(422).faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    for pointer in ["/display_name", "/org_id", "/phone", "/roles/1/role", "/username"] {
        assert!(pointers.contains(&pointer), "{pointer} is not in {pointers:?}");
    }
    assert_eq!(
        admin.post("/v1/users", &user("nobody", json!([]))).await.expect(422).faults(),
        [("/roles".to_owned(), "too_few".to_owned())]
    );
    let abolished = json!([{"role": "gate_guard", "area_code": "511802103"}]);
    assert_eq!(admin.post("/v1/users", &user("old.area", abolished)).await.expect(422).faults()[0].1, "unknown_area");
    let taken = user("Twice", json!([{"role": "gate_guard", "area_code": "511802005"}]));
    admin.post("/v1/users", &taken).await.expect(201);
    let again = user("tWICE", json!([{"role": "gate_guard", "area_code": "511802005"}]));
    assert_eq!(admin.post("/v1/users", &again).await.expect(409).code(), "username_taken");
}

#[tokio::test]
async fn accounts_are_seen_by_those_who_administer_their_area() {
    let app = TestApp::start().await;
    let (yucheng, mingshan) = (app.administrator().await, app.actor(Role::DistrictAdmin, "名山区").await);
    let body = user("gate.one", json!([{"role": "gate_guard", "area_code": "511802005"}]));
    let created = yucheng.post("/v1/users", &body).await.expect(201);
    let path = created.header("location").to_owned();
    assert_eq!(yucheng.get(&path).await.expect(200).body["username"], "gate.one");
    assert!(yucheng.get(&path).await.body.get("one_time_password").is_none());
    mingshan.get(&path).await.expect(404);
    mingshan.patch(&path, "\"1\"", &json!({"active": false})).await.expect(404);
    let names = |body: &Json| {
        body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["username"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(names(&yucheng.get("/v1/users").await.body).contains(&"gate.one".to_owned()));
    assert_eq!(names(&mingshan.get("/v1/users").await.body).len(), 1);
    assert_eq!(names(&yucheng.get("/v1/users?limit=1").await.body).len(), 1);
}

#[tokio::test]
async fn a_change_needs_the_revision_and_bites_within_five_seconds() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let guard = app.gate_guard("大兴街道").await;
    let path = format!("/v1/users/{}", guard.id);
    let place = examples::checkpoint(&admin, "511802005").await;
    let passage = guard.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201).body["id"].clone();
    let passage = passage.as_str().unwrap();
    guard.get(&format!("/v1/screenings/{passage}")).await.expect(200);
    let moved = json!({"roles": [{"role": "gate_guard", "area_code": "511802114"}]});
    assert_eq!(
        admin.send(reqwest::Method::PATCH, &path, Some(moved.to_string())).await.expect(428).code(),
        "if_match_required"
    );
    admin.patch(&path, "\"9\"", &moved).await.expect(412);
    // Another process made the change: this one hears of it when its belief ends.
    let other = app.another().await;
    let elsewhere = other.administrator().await;
    assert_eq!(elsewhere.patch(&path, "\"1\"", &moved).await.expect(200).header("etag"), "\"2\"");
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    guard.get(&format!("/v1/screenings/{passage}")).await.expect(404);
    admin.patch(&path, "\"2\"", &json!({"active": false})).await.expect(200);
    assert_eq!(guard.get("/v1/auth/me").await.expect(401).code(), "account_deactivated");
    let refresh = json!({"refresh_token": guard.refresh_token});
    let pair = app.nobody().post("/v1/auth/refresh", &refresh).await.expect(200).body;
    let mut left = guard.clone();
    left.token = pair["access_token"].as_str().map(str::to_owned);
    assert_eq!(left.get("/v1/auth/me").await.expect(401).code(), "account_deactivated", "it buys handing in, no more");
}

#[tokio::test]
async fn an_account_above_ones_own_can_not_be_taken_over() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let province = app.actor_of(vec![
        Grant { role: Role::DistrictAdmin, area_code: "51".into(), org_id: None },
        Grant { role: Role::GateGuard, area_code: "511802005".into(), org_id: None },
    ]);
    let province: Actor = province.await;
    let path = format!("/v1/users/{}", province.id);
    assert_eq!(admin.patch(&path, "\"1\"", &json!({"active": false})).await.expect(403).code(), "grant_too_wide");
    province.get("/v1/auth/me").await.expect(200);
}
