//! Guards of a case can't be passed by another way: voiding, amending, leaving something out.

use lianfang::platform::access::Role;
use serde_json::json;
use uuid::Uuid;

use crate::isolation_cases::{case, make, notified, set_clock, step};
use crate::support::TestApp;

#[tokio::test]
async fn a_case_is_voided_by_those_who_may_make_that_step() {
    let app = TestApp::start().await;
    let (nurse, group) = (app.health_worker("八步镇").await, app.actor(Role::GroupCadre, "八步镇").await);
    let id = notified(&nurse, case(1, json!({}))).await;
    let void = format!("/v1/isolation-cases/{id}:void");
    for actor in [&group, &nurse] {
        assert_eq!(actor.post(&void, &json!({"reason": "x"})).await.expect(403).code(), "forbidden");
    }
    let item = json!({"kind": "isolation_cases", "op": "void", "id": id, "base_revision": 2, "occurred_at": "2020-01-23T08:00:00+08:00", "body": {"reason": "x"}});
    let pushed = group.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await.expect(207).body;
    assert_ne!(pushed["results"][0]["outcome"], "revised", "{pushed}");
    let read = nurse.get(&format!("/v1/isolation-cases/{id}")).await.expect(200).body;
    assert_eq!((&read["state"], &read["voided_at"]), (&json!("notified"), &json!(null)));
    let command = app.administrator().await;
    command.post(&void, &json!({"reason": "误报"})).await.expect(200);
    command.post(&void, &json!({"reason": "误报"})).await.expect(200);
    // Records that belong to a case are voided by whoever writes them, as before.
    let other = notified(&nurse, case(2, json!({}))).await;
    let reading = make(&nurse, "temperature-readings", json!({"case_id": other, "temperature_c": "36.5"})).await;
    nurse.post(&format!("/v1/temperature-readings/{reading}:void"), &json!({"reason": "录错"})).await.expect(200);
}

#[tokio::test]
async fn days_are_those_of_the_area_a_case_is_placed_in() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let narrower = json!({"area_code": "511802114", "effective_on": "2020-01-01", "fever_c": "37.3", "retest_below_c": "35.0", "observation_days": 21, "source": "八步镇1号"});
    admin.post("/v1/observation-policies", &narrower).await.expect(201);
    let nurse = app.health_worker("八步镇").await;
    let mut body = case(1, json!({"id": Uuid::now_v7()}));
    body.as_object_mut().unwrap().remove("area_code");
    let made = nurse.post("/v1/isolation-cases", &body).await.expect(201).body;
    assert_eq!((&made["area_code"], &made["ends_on"]), (&json!("511802114"), &json!("2020-02-12")));
    nurse.post("/v1/isolation-cases", &body).await.expect(200);
}

#[tokio::test]
async fn a_release_is_not_moved_before_its_midnight() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    let done = step(&nurse, &id, "completed", json!({"occurred_at": "2020-02-07T08:00:00+08:00"})).await.expect(201);
    let path = done.header("location").to_owned();
    let early = json!({"occurred_at": "2020-01-25T08:00:00+08:00"});
    let refused = nurse.patch(&path, "\"1\"", &early).await.expect(422);
    assert_eq!(refused.faults(), [("/occurred_at".to_owned(), "too_early".to_owned())]);
    let midnight = json!({"occurred_at": "2020-02-06T00:00:00+08:00"});
    nurse.patch(&path, "\"1\"", &midnight).await.expect(200);
    let read = nurse.get(&format!("/v1/isolation-cases/{id}")).await.expect(200).body;
    assert_eq!(read["ended_at"], "2020-02-06T00:00:00+08:00", "the case tells it too");
    nurse.patch(&path, "\"2\"", &json!({"note": "电话告知"})).await.expect(200);
}
