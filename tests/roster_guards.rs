//! What a roster refuses by one way isn't had by another: voiding, moving a shift, hours told twice.

use lianfang::auth::Role;
use serde_json::json;

use crate::isolation_cases::set_clock;
use crate::shifts::{assignment, gate, make, needs, shift, volunteer};
use crate::support::TestApp;

#[tokio::test]
async fn nobody_voids_anothers_assignment() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let phone = app.actor(Role::Volunteer, "大兴街道").await;
    let own = volunteer(&admin, 1, json!({"user_id": phone.id})).await;
    let other = volunteer(&admin, 2, json!({})).await;
    let one = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 2)).await;
    let theirs = make(&admin, "shift-assignments", assignment(&one, &other, "volunteer")).await;
    let mine = make(&phone, "shift-assignments", assignment(&one, &own, "volunteer")).await;
    let void = |id: &str| format!("/v1/shift-assignments/{id}:void");
    phone.post(&void(&theirs), &json!({"reason": "x"})).await.expect(403);
    let item = json!({"kind": "shift_assignments", "op": "void", "id": theirs, "base_revision": 1, "occurred_at": "2020-02-01T08:00:00+08:00", "body": {"reason": "x"}});
    phone.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await.expect(207);
    assert_eq!(admin.get(&format!("/v1/shift-assignments/{theirs}")).await.body["voided_at"], json!(null));
    phone.post(&void(&mine), &json!({"reason": "点错"})).await.expect(200);
    admin.post(&void(&theirs), &json!({"reason": "排错"})).await.expect(200);
}
