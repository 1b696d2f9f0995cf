//! What a roster refuses by one way isn't had by another: voiding, moving a shift, hours told twice.

use lianfang::auth::Role;
use serde_json::json;

use crate::isolation_cases::set_clock;
use crate::shifts::{DAXING, assignment, gate, make, needs, shift, volunteer};
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
    // His own he gives up, until the cut-off; a void would pass that by.
    phone.post(&void(&mine), &json!({"reason": "点错"})).await.expect(403);
    admin.post(&void(&mine), &json!({"reason": "排错"})).await.expect(200);
    admin.post(&void(&theirs), &json!({"reason": "排错"})).await.expect(200);
}

#[tokio::test]
async fn a_shift_is_not_moved_over_what_its_people_have_taken() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let morning = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 1)).await;
    let afternoon = shift(&admin, &place, "2020-02-03", 13, 17, needs("volunteer", 1)).await;
    for id in [&morning, &afternoon] {
        make(&admin, "shift-assignments", assignment(id, &one, "volunteer")).await;
    }
    let path = format!("/v1/shifts/{morning}");
    let change = async |path: &str, change: serde_json::Value| {
        let tag = admin.get(path).await.expect(200).header("etag").to_owned();
        admin.patch(path, &tag, &change).await
    };
    let later = change(&path, json!({"ends_at": "2020-02-03T14:00:00+08:00"})).await.expect(422);
    assert_eq!(later.faults(), [("/ends_at".to_owned(), "overlaps".to_owned())]);
    let both = json!({"starts_at": "2020-02-03T12:30:00+08:00", "ends_at": "2020-02-03T16:30:00+08:00"});
    assert_eq!(change(&path, both).await.expect(422).faults(), [("/starts_at".to_owned(), "overlaps".to_owned())]);
    change(&path, json!({"ends_at": "2020-02-03T13:00:00+08:00"})).await.expect(200);
    change(&path, json!({"note": "带口罩"})).await.expect(200);
    // One that doesn't take place leaves room; it doesn't come back where that was taken.
    change(&path, json!({"cancelled": true})).await.expect(200);
    change(&format!("/v1/shifts/{afternoon}"), json!({"starts_at": "2020-02-03T11:00:00+08:00"})).await.expect(200);
    let back = change(&path, json!({"cancelled": false})).await.expect(422);
    assert_eq!(back.faults(), [("/cancelled".to_owned(), "overlaps".to_owned())]);
    lianfang::verify::verify(&app.service, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn hours_told_by_hand_are_not_counted_again_by_attendance() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let (part, all) = (volunteer(&admin, 1, json!({})).await, volunteer(&admin, 2, json!({})).await);
    let one = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 2)).await;
    let mut assignments = Vec::new();
    for id in [&part, &all] {
        assignments.push(make(&admin, "shift-assignments", assignment(&one, id, "volunteer")).await);
    }
    set_clock(&app, "2020-02-03T12:30:00+08:00");
    let admin = app.administrator().await;
    for (volunteer, until) in [(&part, "08:00"), (&all, "12:30")] {
        let told = json!({"volunteer_id": volunteer, "starts_at": "2020-02-03T06:30:00+08:00", "ends_at": format!("2020-02-03T{until}:00+08:00"), "area_code": DAXING});
        make(&admin, "service-records", told).await;
    }
    for id in &assignments {
        for (action, at) in [("check_in", "07:00"), ("check_out", "12:00")] {
            let mark =
                json!({"assignment_id": id, "action": action, "occurred_at": format!("2020-02-03T{at}:00+08:00")});
            admin.post("/v1/shift-attendances", &mark).await.expect(201);
        }
    }
    let of = async |volunteer: &str| {
        let path = format!("/v1/service-records?volunteer_id={volunteer}&origin=attendance");
        admin.get(&path).await.expect(200).body["items"].as_array().unwrap().clone()
    };
    let cut = of(&part).await;
    assert_eq!((cut.len(), &cut[0]["starts_at"]), (1, &json!("2020-02-03T08:00:00+08:00")), "{cut:?}");
    assert_eq!((&cut[0]["service_hours"], &cut[0]["warnings"][0]["code"]), (&json!("4.00"), &json!("already_served")));
    assert_eq!(of(&all).await.len(), 0, "all of it was told by hand");
    lianfang::verify::verify(&app.service, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
