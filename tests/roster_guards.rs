//! Guards of a roster can't be passed by another way: voiding, moving a shift, hours told twice.

use lianfang::platform::access::Role;
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
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
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
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_volunteer_checks_in_himself_alone_and_a_second_check_in_is_told() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let phone = app.actor(Role::Volunteer, "大兴街道").await;
    let own = volunteer(&admin, 1, json!({"user_id": phone.id})).await;
    let other = volunteer(&admin, 2, json!({})).await;
    let one = shift(&admin, &place, "2020-02-02", 8, 12, needs("volunteer", 2)).await;
    let mine = make(&phone, "shift-assignments", assignment(&one, &own, "volunteer")).await;
    let theirs = make(&admin, "shift-assignments", assignment(&one, &other, "volunteer")).await;
    let mark = |assignment: &str, at: &str| json!({"assignment_id": assignment, "action": "check_in", "occurred_at": format!("2020-02-02T{at}:00+08:00")});
    assert_eq!(phone.post("/v1/shift-attendances", &mark(&theirs, "08:00")).await.expect(403).code(), "forbidden");
    let pushed = json!({"kind": "shift_attendances", "op": "create", "id": uuid::Uuid::now_v7(), "occurred_at": "2020-02-02T08:00:00+08:00", "body": mark(&theirs, "08:00")});
    let pushed =
        phone.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [pushed]})).await.expect(207).body;
    assert_eq!(pushed["results"][0]["outcome"], "held", "{pushed}");
    let own_id = uuid::Uuid::now_v7();
    let mut first = mark(&mine, "08:00");
    first["id"] = json!(own_id);
    assert_eq!(phone.post("/v1/shift-attendances", &first).await.expect(201).warnings(), Vec::<String>::new());
    // The answer was lost: the same once more is no second one.
    assert_eq!(phone.post("/v1/shift-attendances", &first).await.expect(200).warnings(), Vec::<String>::new());
    let again = phone.post("/v1/shift-attendances", &mark(&mine, "08:01")).await.expect(201);
    assert_eq!((again.warnings(), &again.body["repeated"]), (vec!["already_checked_in".to_owned()], &json!(true)));
    // Whoever keeps the gate checks anybody in, and corrects: it stays told.
    let guard = app.gate_guard("大兴街道").await;
    guard.post("/v1/shift-attendances", &mark(&theirs, "08:00")).await.expect(201);
    let path = format!("/v1/shift-attendances/{}", again.body["id"].as_str().unwrap());
    let amended = guard.patch(&path, "\"1\"", &json!({"handover_note": "钥匙在门卫"})).await.expect(200);
    assert!(amended.warnings().contains(&"already_checked_in".to_owned()));
    phone.post(&format!("/v1/shift-attendances/{}:void", own_id), &json!({"reason": "误签"})).await.expect(200);
    let third = phone.post("/v1/shift-attendances", &mark(&mine, "08:02")).await.expect(201);
    assert_eq!(third.warnings(), ["already_checked_in"]);
}

#[tokio::test]
async fn what_is_void_is_neither_swapped_nor_cancelled_nor_offered() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let (one, other) = (volunteer(&admin, 1, json!({})).await, volunteer(&admin, 2, json!({})).await);
    let own = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 1)).await;
    let taken = make(&admin, "shift-assignments", assignment(&own, &one, "volunteer")).await;
    let late = shift(&admin, &place, "2020-02-03", 13, 15, needs("volunteer", 1)).await;
    let stands = make(&admin, "shift-assignments", assignment(&late, &other, "volunteer")).await;
    let path = format!("/v1/shift-assignments/{taken}");
    admin.post(&format!("{path}:void"), &json!({"reason": "排错"})).await.expect(200);
    for (act, body) in [
        ("swap", json!({"volunteer_id": other})),
        ("swap", json!({"assignment_id": stands})),
        ("cancel", json!({"reason": "有事"})),
        ("accept-swap", json!({})),
        ("decline-swap", json!({})),
    ] {
        assert_eq!(admin.post(&format!("{path}:{act}"), &body).await.expect(409).code(), "record_voided", "{act}");
    }
    let with = json!({"assignment_id": taken});
    assert_eq!(
        admin.post(&format!("/v1/shift-assignments/{stands}:swap"), &with).await.expect(409).code(),
        "record_voided"
    );
    let listed = admin.get("/v1/shift-assignments?include_voided=true").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "nothing was made");
}

#[tokio::test]
async fn hours_that_are_voided_leave_room_for_those_of_the_attendance() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let own = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 1)).await;
    let taken = make(&admin, "shift-assignments", assignment(&own, &one, "volunteer")).await;
    set_clock(&app, "2020-02-03T12:30:00+08:00");
    let admin = app.administrator().await;
    let told = make(&admin, "service-records", json!({"volunteer_id": one, "starts_at": "2020-02-03T07:00:00+08:00", "ends_at": "2020-02-03T09:00:00+08:00", "area_code": DAXING})).await;
    for (action, at) in [("check_in", "07:00"), ("check_out", "12:00")] {
        make(
            &admin,
            "shift-attendances",
            json!({"assignment_id": taken, "action": action, "occurred_at": format!("2020-02-03T{at}:00+08:00")}),
        )
        .await;
    }
    let minutes =
        async || admin.get(&format!("/v1/volunteers/{one}/hours")).await.expect(200).body["service_minutes"].clone();
    assert_eq!(minutes().await, 300);
    admin.post(&format!("/v1/service-records/{told}:void"), &json!({"reason": "重复"})).await.expect(200);
    assert_eq!(minutes().await, 300, "what was told no more is counted by the attendance");
}
