//! Shifts: templates, sign-up under a rush, rules across midnight, who came, what was served.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::isolation_cases::{set_clock, work};
use crate::support::{Actor, TestApp, fake_resident_id};

pub const DAXING: &str = "511802005";

pub async fn make(actor: &Actor, path: &str, body: Json) -> String {
    actor.post(&format!("/v1/{path}"), &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

/// A gate of 大兴街道.
pub async fn gate(admin: &Actor, name: &str) -> String {
    make(
        admin,
        "places",
        json!({"kind": "compound_gate", "name": name, "area_code": DAXING, "longitude": 103.0, "latitude": 30.0}),
    )
    .await
}

/// Somebody who takes shifts.
pub async fn volunteer(admin: &Actor, sequence: u32, change: Json) -> String {
    let person = json!({"name": "陈静", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "phone": format!("154{sequence:08}"), "area_code": DAXING});
    let mut body =
        json!({"area_code": DAXING, "person": person, "roles": ["temperature_taker"], "league_member": true});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    make(admin, "volunteers", body).await
}

/// A shift from hour to hour, both counted from the midnight of the day.
pub async fn shift(admin: &Actor, place: &str, day: &str, from: i64, to: i64, needs: Json) -> String {
    let midnight: chrono::DateTime<chrono::FixedOffset> = format!("{day}T00:00:00+08:00").parse().unwrap();
    let at = |hour| (midnight + chrono::TimeDelta::hours(hour)).to_rfc3339();
    make(admin, "shifts", json!({"place_id": place, "starts_at": at(from), "ends_at": at(to), "needs": needs})).await
}

pub fn needs(role: &str, count: u32) -> Json {
    json!([{"role": role, "count": count}])
}

pub fn assignment(shift: &str, volunteer: &str, role: &str) -> Json {
    json!({"shift_id": shift, "volunteer_id": volunteer, "role": role})
}

pub fn codes(reply: &crate::support::Reply) -> Vec<String> {
    let mut codes: Vec<String> = reply.faults().into_iter().map(|(_, code)| code).collect();
    codes.sort();
    codes
}

/// The same account, once its token has run out.
pub async fn later(actor: &Actor) -> Actor {
    let pair = actor.post("/v1/auth/refresh", &json!({"refresh_token": actor.refresh_token})).await.expect(200).body;
    let text = |name: &str| pair[name].as_str().unwrap().to_owned();
    let mut actor = actor.clone();
    (actor.token, actor.refresh_token) = (Some(text("access_token")), text("refresh_token"));
    actor
}

#[tokio::test]
async fn gates_are_staffed_for_two_weeks_from_a_template_and_once_more_adds_what_is_missing() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let mut gates = Vec::new();
    for number in 1..=6 {
        gates.push(gate(&admin, &format!("大兴{number}号门")).await);
    }
    let template = make(&admin, "shift-templates", json!({"area_code": DAXING, "name": "三班制", "needs": needs("volunteer", 2), "slots": [
        {"title": "早班", "starts_minute": 420, "duration_minutes": 300}, {"title": "中班", "starts_minute": 720, "duration_minutes": 300}, {"title": "夜班", "starts_minute": 1320, "duration_minutes": 300}]})).await;
    let path = format!("/v1/shift-templates/{template}:generate");
    let period = json!({"place_ids": gates, "from_on": "2020-02-03", "to_on": "2020-02-16"});
    let first = admin.post(&path, &period).await.expect(200).body;
    assert_eq!((&first["expected"], &first["created"]), (&json!(3 * 14 * 6), &json!(3 * 14 * 6)));
    let again = admin.post(&path, &period).await.expect(200).body;
    assert_eq!((&again["created"], &again["existing"]), (&json!(0), &json!(252)));
    let longer = json!({"place_ids": gates, "from_on": "2020-02-03", "to_on": "2020-02-17"});
    assert_eq!(admin.post(&path, &longer).await.expect(200).body["created"], 18);
    let night = admin
        .get(&format!("/v1/shifts?place_id={}&from_on=2020-02-03&to_on=2020-02-03", gates[0]))
        .await
        .expect(200)
        .body;
    let night = night["items"].as_array().unwrap().iter().find(|item| item["title"] == "夜班").unwrap().clone();
    assert_eq!(
        (&night["starts_at"], &night["ends_at"]),
        (&json!("2020-02-03T22:00:00+08:00"), &json!("2020-02-04T03:00:00+08:00"))
    );
    assert_eq!(night["warnings"], json!([]));
    let unfilled = admin
        .get(&format!("/v1/duties?duty_kind=shift_filling&state=open&subject_id={}", night["id"].as_str().unwrap()))
        .await
        .expect(200)
        .body;
    assert_eq!(unfilled["items"][0]["due_at"], "2020-02-02T22:00:00+08:00");
    set_clock(&app, "2020-02-02T22:01:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    let missed = admin.get("/v1/duties?duty_kind=shift_filling&state=missed&limit=500").await.expect(200).body;
    assert_eq!(
        missed["items"].as_array().unwrap().len(),
        3 * 6,
        "the three shifts of the third of February at six gates"
    );
    assert_eq!(missed["items"][0]["escalated_to"], "district");
}

#[tokio::test]
async fn of_300_who_sign_up_at_once_for_two_places_two_get_them() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let items: Vec<Json> = (0..300)
        .map(|sequence| json!({"area_code": DAXING, "person": {"name": "陈静", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": DAXING}}))
        .collect();
    let made = admin.post("/v1/volunteers:batch", &json!({"items": items})).await.expect(207).body;
    let ids: Vec<String> =
        made["results"].as_array().unwrap().iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect();
    let shift = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 2)).await;
    let requests = ids.iter().map(|id| {
        let (admin, body) = (admin.clone(), assignment(&shift, id, "volunteer"));
        async move { admin.post("/v1/shift-assignments", &body).await }
    });
    let replies = futures_util::future::join_all(requests).await;
    let got = replies.iter().filter(|reply| reply.status == 201).count();
    let told = replies.iter().filter(|reply| reply.status == 422 && codes(reply) == ["full"]).count();
    assert_eq!((got, told), (2, 298));
    let assigned = admin.get(&format!("/v1/shift-assignments?shift_id={shift}")).await.expect(200).body;
    assert_eq!(assigned["items"].as_array().unwrap().len(), 2);
    let duty = admin.get(&format!("/v1/duties?duty_kind=shift_filling&subject_id={shift}")).await.expect(200).body;
    assert_eq!(
        (&duty["items"][0]["state"], &duty["items"][0]["proof"]["kind"]),
        (&json!("done"), &json!("shift_assignments"))
    );
}

#[tokio::test]
async fn every_reason_against_is_told_at_once() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let night = shift(&admin, &place, "2020-02-03", 20, 30, needs("volunteer", 2)).await;
    make(&admin, "shift-assignments", assignment(&night, &one, "volunteer")).await;
    let twice = admin.post("/v1/shift-assignments", &assignment(&night, &one, "volunteer")).await.expect(422);
    assert_eq!(codes(&twice), ["already_assigned"]);
    // From 5 to 9 in the morning: it overlaps with the night before, across midnight.
    let morning = shift(&admin, &place, "2020-02-04", 5, 9, needs("leader", 1)).await;
    let refused = admin.post("/v1/shift-assignments", &assignment(&morning, &one, "leader")).await.expect(422);
    assert_eq!(codes(&refused), ["lacks_role", "overlaps"]);
    let other_role = admin.post("/v1/shift-assignments", &assignment(&morning, &one, "registrar")).await.expect(422);
    assert_eq!(codes(&other_role), ["lacks_role", "not_needed", "overlaps"]);
    let rested = json!({"place_id": place, "starts_at": "2020-02-04T08:00:00+08:00", "ends_at": "2020-02-04T12:00:00+08:00", "needs": needs("volunteer", 1), "min_rest_minutes": 480});
    let rested = make(&admin, "shifts", rested).await;
    let tired = admin.post("/v1/shift-assignments", &assignment(&rested, &one, "volunteer")).await.expect(422);
    assert_eq!(codes(&tired), ["too_little_rest"]);
    let past = shift(&admin, &place, "2020-01-31", 7, 12, needs("volunteer", 1)).await;
    let ended = admin.post("/v1/shift-assignments", &assignment(&past, &one, "volunteer")).await.expect(422);
    assert_eq!(codes(&ended), ["ended"]);
    // The same person registered twice is one person.
    let known = admin.get(&format!("/v1/volunteers/{one}")).await.body["person_id"].clone();
    let twin = make(&admin, "volunteers", json!({"area_code": DAXING, "person_id": known, "roles": ["leader"]})).await;
    let overlapping = admin.post("/v1/shift-assignments", &assignment(&morning, &twin, "leader")).await.expect(422);
    assert_eq!(codes(&overlapping), ["overlaps"]);
    let gone = json!({"active": false});
    admin.patch(&format!("/v1/volunteers/{twin}"), "\"1\"", &gone).await.expect(200);
    let inactive = admin.post("/v1/shift-assignments", &assignment(&morning, &twin, "leader")).await.expect(422);
    assert_eq!(codes(&inactive), ["inactive", "overlaps"]);
    let cancelled = json!({"cancelled": true});
    admin.patch(&format!("/v1/shifts/{night}"), "\"1\"", &cancelled).await.expect(200);
    make(&admin, "shift-assignments", assignment(&rested, &one, "volunteer")).await;
}

#[tokio::test]
async fn a_phone_that_signs_up_offline_and_collides_is_held_not_lost() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let phone = app.actor(Role::Volunteer, "大兴街道").await;
    let own = volunteer(&admin, 1, json!({"user_id": phone.id})).await;
    let other = volunteer(&admin, 2, json!({})).await;
    let one = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 1)).await;
    make(&admin, "shift-assignments", assignment(&one, &other, "volunteer")).await;
    let push = async |volunteer: &str| {
        let item = json!({"kind": "shift_assignments", "op": "create", "id": uuid::Uuid::now_v7(), "occurred_at": "2020-02-01T07:00:00+08:00", "device_time": "2020-02-01T08:00:00+08:00", "body": assignment(&one, volunteer, "volunteer")});
        phone.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await.expect(207).body["results"]
            [0]
        .clone()
    };
    let held = push(&own).await;
    assert_eq!((&held["outcome"], &held["problem"]["errors"][0]["code"]), (&json!("held"), &json!("full")), "{held}");
    let items = phone.get("/v1/held-items").await.expect(200).body;
    assert_eq!(items["items"].as_array().unwrap().len(), 1);
    // Nobody signs up others.
    let reply = phone.post("/v1/shift-assignments", &assignment(&one, &other, "volunteer")).await;
    assert_eq!((reply.status, reply.code()), (403, "forbidden"));
    let two = shift(&admin, &place, "2020-02-03", 13, 18, needs("volunteer", 1)).await;
    let mine = make(&phone, "shift-assignments", assignment(&two, &own, "volunteer")).await;
    // Given up before the cut-off; another one after it only by an organiser.
    phone.post(&format!("/v1/shift-assignments/{mine}:cancel"), &json!({"reason": "有事"})).await.expect(200);
    make(&phone, "shift-assignments", assignment(&two, &own, "volunteer")).await;
    // Twelve hours and five minutes before it begins he may, six minutes later no more; others' he never may.
    let soon = json!({"place_id": place, "starts_at": "2020-02-01T20:05:00+08:00", "ends_at": "2020-02-01T22:00:00+08:00", "needs": needs("volunteer", 3)});
    let soon = make(&admin, "shifts", soon).await;
    let mine = make(&phone, "shift-assignments", assignment(&soon, &own, "volunteer")).await;
    let others = make(&admin, "shift-assignments", assignment(&soon, &other, "volunteer")).await;
    let cancel = async |actor: &Actor, id: &str| {
        actor.post(&format!("/v1/shift-assignments/{id}:cancel"), &json!({"reason": "有事"})).await
    };
    assert_eq!(cancel(&phone, &others).await.expect(403).code(), "out_of_area");
    let exchange = json!({"assignment_id": others});
    let offered = phone.post(&format!("/v1/shift-assignments/{mine}:swap"), &exchange).await.expect(202).body;
    assert_eq!((&offered["state"], &offered["offered_with_id"]), (&json!("assigned"), &json!(others)), "only asked");
    assert_eq!(admin.get(&format!("/v1/shift-assignments/{others}")).await.body["state"], "assigned");
    cancel(&phone, &mine).await.expect(200);
    let mine = make(&phone, "shift-assignments", assignment(&soon, &own, "volunteer")).await;
    set_clock(&app, "2020-02-01T08:06:00+08:00");
    assert_eq!(codes(&cancel(&phone, &mine).await.expect(422)), ["too_late"]);
    cancel(&admin, &mine).await.expect(200);
}
