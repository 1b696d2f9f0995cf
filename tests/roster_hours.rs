//! Which hours count: those that were served by now, within the shift, and what an organiser confirms beyond it.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::isolation_cases::{set_clock, work};
use crate::shifts::{DAXING, assignment, codes, gate, later, make, needs, shift, volunteer};
use crate::support::{Actor, TestApp};

async fn mark(actor: &Actor, assignment: &str, action: &str, at: &str) -> Json {
    let mark = json!({"assignment_id": assignment, "action": action, "occurred_at": format!("{at}:00+08:00")});
    actor.post("/v1/shift-attendances", &mark).await.expect(201).body
}

/// Hours in the figure, and the records of a volunteer.
async fn hours(actor: &Actor, volunteer: &str) -> (String, Vec<Json>) {
    let figure = actor.get(&format!("/v1/volunteers/{volunteer}/hours")).await.expect(200).body;
    let listed = actor.get(figure["records_url"].as_str().unwrap()).await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len() as u64, figure["person_times"].as_u64().unwrap(), "{figure}");
    let records =
        actor.get(&format!("/v1/service-records?volunteer_id={volunteer}&order=oldest")).await.expect(200).body;
    (figure["service_hours"].as_str().unwrap().to_owned(), records["items"].as_array().unwrap().clone())
}

async fn duty(actor: &Actor, kind: &str, subject: &str) -> String {
    let list = actor.get(&format!("/v1/duties?duty_kind={kind}&subject_id={subject}")).await.expect(200).body;
    list["items"][0]["state"].as_str().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn what_is_told_of_the_future_proves_nothing_until_it_has_come() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let shift = shift(&admin, &place, "2020-02-03", 7, 11, needs("volunteer", 1)).await;
    let taken = make(&admin, "shift-assignments", assignment(&shift, &one, "volunteer")).await;
    let path = format!("/v1/shift-assignments/{taken}");
    mark(&admin, &taken, "check_in", "2020-02-03T07:00").await;
    mark(&admin, &taken, "check_out", "2020-02-03T11:00").await;
    // Today's mark for the day after tomorrow is no presence either.
    assert!(
        mark(&admin, &taken, "check_in", "2020-02-01T08:00").await["warnings"].to_string().contains("outside_shift")
    );
    assert_eq!(hours(&admin, &one).await, ("0.00".to_owned(), vec![]));
    assert_eq!(admin.get(&path).await.body["attendance"], "expected");
    assert_eq!(
        (duty(&admin, "shift_attendance", &taken).await, duty(&admin, "manned_post", &shift).await),
        ("open".into(), "open".into())
    );
    set_clock(&app, "2020-02-03T08:00:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    assert_eq!(
        (duty(&admin, "shift_attendance", &taken).await, duty(&admin, "manned_post", &shift).await),
        ("done".into(), "done".into())
    );
    assert_eq!(
        (admin.get(&path).await.body["attendance"].clone(), hours(&admin, &one).await.0),
        (json!("present"), "0.00".into())
    );
    set_clock(&app, "2020-02-03T11:05:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    assert_eq!(
        (admin.get(&path).await.body["attendance"].clone(), hours(&admin, &one).await.0),
        (json!("completed"), "4.00".into())
    );
    // Hours that an organiser tells of this evening count this evening.
    let evening = json!({"volunteer_id": one, "starts_at": "2020-02-03T18:00:00+08:00", "ends_at": "2020-02-03T20:00:00+08:00", "area_code": DAXING});
    make(&admin, "service-records", evening).await;
    let figure = admin.get(&format!("/v1/volunteers/{one}/hours")).await.expect(200).body;
    assert_eq!(figure["service_hours"], "4.00");
    set_clock(&app, "2020-02-03T20:05:00+08:00");
    work(&app).await;
    assert_eq!(hours(&app.administrator().await, &one).await.0, "6.00");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn hours_lie_within_the_shift_and_the_rest_waits_for_an_organiser() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let phone = app.actor(Role::Volunteer, "大兴街道").await;
    let own = volunteer(&admin, 1, json!({"user_id": phone.id})).await;
    let other = volunteer(&admin, 2, json!({})).await;
    let one = shift(&admin, &place, "2020-02-03", 8, 9, needs("volunteer", 2)).await;
    let mine = make(&phone, "shift-assignments", assignment(&one, &own, "volunteer")).await;
    let theirs = make(&admin, "shift-assignments", assignment(&one, &other, "volunteer")).await;
    set_clock(&app, "2020-02-03T19:05:00+08:00");
    let (admin, phone) = (app.administrator().await, later(&phone).await);
    for (actor, taken) in [(&phone, &mine), (&admin, &theirs)] {
        mark(actor, taken, "check_in", "2020-02-03T07:40").await;
        mark(actor, taken, "check_out", "2020-02-03T19:00").await;
    }
    // His own word never exceeds the shift; another's an hour; what is beyond that waits.
    let (figure, records) = hours(&phone, &own).await;
    assert_eq!((figure.as_str(), records.len()), ("1.00", 1));
    let record = &records[0];
    assert_eq!(
        (&record["attended_from"], &record["attended_until"]),
        (&json!("2020-02-03T07:40:00+08:00"), &json!("2020-02-03T19:00:00+08:00"))
    );
    assert_eq!(
        (&record["confirmation"], &record["unconfirmed_minutes"], &record["pending"]),
        (&json!("unconfirmed"), &json!(540), &json!(false))
    );
    assert_eq!(hours(&admin, &other).await.0, "2.33", "from 7:40 to 10:00");
    let statistics = admin.get("/v1/stats/volunteers?from_on=2020-02-03&to_on=2020-02-03").await.expect(200).body;
    assert_eq!(statistics["total"]["service_minutes"], 200);
    let waiting = admin.get("/v1/service-records?confirmation=unconfirmed").await.expect(200).body;
    assert_eq!(waiting["items"].as_array().unwrap().len(), 2);
    // No volunteer confirms; an organiser does, once, and it is in the audit under his name.
    let path = format!("/v1/service-records/{}", record["id"].as_str().unwrap());
    phone.post(&format!("{path}:confirm"), &json!({})).await.expect(403);
    let confirmed = admin.post(&format!("{path}:confirm"), &json!({"reason": "延长值守"})).await.expect(200).body;
    assert_eq!(
        (&confirmed["service_hours"], &confirmed["confirmation"], &confirmed["revised_by"]),
        (&json!("11.33"), &json!("confirmed"), &json!(admin.id))
    );
    assert_eq!(
        admin.post(&format!("{path}:confirm"), &json!({})).await.expect(200).body["revision"],
        confirmed["revision"]
    );
    assert_eq!(hours(&phone, &own).await.0, "11.33");
    let trail = admin.get(&format!("/v1/audit?subject_id={}", record["id"].as_str().unwrap())).await.expect(200).body;
    assert!(trail["items"].as_array().unwrap().iter().any(|line| line["actor_id"] == json!(admin.id)), "{trail}");
    // Confirmed stays confirmed, whatever a phone brings.
    mark(&phone, &mine, "check_out", "2020-02-03T19:02").await;
    assert_eq!(hours(&phone, &own).await.0, "11.33");
    let theirs = hours(&admin, &other).await.1[0]["id"].as_str().unwrap().to_owned();
    admin.post(&format!("/v1/service-records/{theirs}:decline"), &json!({})).await.expect(422);
    let declined = admin
        .post(&format!("/v1/service-records/{theirs}:decline"), &json!({"reason": "未在岗"}))
        .await
        .expect(200)
        .body;
    assert_eq!((&declined["service_hours"], &declined["unconfirmed_minutes"]), (&json!("2.33"), &json!(0)));
    admin.post(&format!("/v1/service-records/{theirs}:void"), &json!({"reason": "x"})).await.expect(200);
    assert_eq!(
        admin.post(&format!("/v1/service-records/{theirs}:confirm"), &json!({})).await.expect(409).code(),
        "record_voided"
    );
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn who_came_after_the_shift_didnt_come_to_it_and_his_hours_are_in_no_figure() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let own = shift(&admin, &place, "2020-02-03", 8, 9, needs("volunteer", 1)).await;
    let taken = make(&admin, "shift-assignments", assignment(&own, &one, "volunteer")).await;
    set_clock(&app, "2020-02-03T16:00:00+08:00");
    let admin = app.administrator().await;
    mark(&admin, &taken, "check_in", "2020-02-03T13:00").await;
    mark(&admin, &taken, "check_out", "2020-02-03T15:00").await;
    work(&app).await;
    assert_eq!(admin.get(&format!("/v1/shift-assignments/{taken}")).await.body["attendance"], "no_show");
    assert_eq!(duty(&admin, "shift_attendance", &taken).await, "missed");
    let (figure, records) = hours(&admin, &one).await;
    assert_eq!((figure.as_str(), records.len(), &records[0]["pending"]), ("0.00", 1, &json!(true)));
    let counted = admin.get("/v1/stats/service-records?from_on=2020-02-03").await.expect(200).body;
    assert_eq!(crate::figures::value(&counted["total"], "service_records"), 0);
    // It leaves room for hours that are told, until it is confirmed itself.
    let path = format!("/v1/service-records/{}:confirm", records[0]["id"].as_str().unwrap());
    let told = make(&admin, "service-records", json!({"volunteer_id": one, "starts_at": "2020-02-03T14:00:00+08:00", "ends_at": "2020-02-03T14:30:00+08:00", "area_code": DAXING})).await;
    assert_eq!(codes(&admin.post(&path, &json!({})).await.expect(422)), ["overlaps"]);
    admin.post(&format!("/v1/service-records/{told}:void"), &json!({"reason": "重复"})).await.expect(200);
    assert_eq!(admin.post(&path, &json!({})).await.expect(200).body["service_hours"], "2.00");
    assert_eq!(hours(&admin, &one).await.0, "2.00");
}

#[tokio::test]
async fn a_district_says_how_far_beyond_a_shift_hours_count_and_from_when() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let rule =
        json!({"area_code": "511802", "effective_on": "2020-02-04", "margin_minutes": 10, "basis": "区团委通知"});
    make(&admin, "service-rules", rule).await;
    app.town_cadre("大兴街道").await.post("/v1/service-rules", &json!({})).await.expect(403);
    let mut taken = Vec::new();
    for day in ["2020-02-03", "2020-02-04"] {
        let own = shift(&admin, &place, day, 8, 9, needs("volunteer", 1)).await;
        taken.push((day, make(&admin, "shift-assignments", assignment(&own, &one, "volunteer")).await));
    }
    set_clock(&app, "2020-02-04T12:00:00+08:00");
    let admin = app.administrator().await;
    for (day, taken) in &taken {
        mark(&admin, taken, "check_in", &format!("{day}T08:00")).await;
        mark(&admin, taken, "check_out", &format!("{day}T09:45")).await;
    }
    let records = hours(&admin, &one).await.1;
    let told: Vec<_> = records
        .iter()
        .map(|record| (record["service_minutes"].as_i64().unwrap(), record["unconfirmed_minutes"].as_i64().unwrap()))
        .collect();
    assert_eq!(told, [(105, 0), (70, 35)]);
}

#[tokio::test]
async fn what_stood_then_stays_whatever_is_so_today() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let mut teams = Vec::new();
    for name in ["一队", "二队"] {
        teams.push(
            make(&admin, "teams", json!({"team_kind": "volunteer_team", "name": name, "area_code": DAXING})).await,
        );
    }
    let one = volunteer(&admin, 1, json!({"team_id": teams[0]})).await;
    let own = shift(&admin, &place, "2020-02-03", 8, 10, needs("volunteer", 1)).await;
    let taken = make(&admin, "shift-assignments", assignment(&own, &one, "volunteer")).await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let admin = app.administrator().await;
    mark(&admin, &taken, "check_in", "2020-02-03T08:00").await;
    mark(&admin, &taken, "check_out", "2020-02-03T09:00").await;
    let told = make(&admin, "service-records", json!({"volunteer_id": one, "starts_at": "2020-02-03T10:30:00+08:00", "ends_at": "2020-02-03T11:00:00+08:00", "area_code": DAXING})).await;
    // He goes to the other team, and the gate to another place on the map.
    set_clock(&app, "2020-02-05T12:00:00+08:00");
    let admin = app.administrator().await;
    admin.patch(&format!("/v1/volunteers/{one}"), "\"1\"", &json!({"team_id": teams[1]})).await.expect(200);
    admin
        .patch(&format!("/v1/places/{place}"), "\"1\"", &json!({"longitude": 103.5, "latitude": 30.5}))
        .await
        .expect(200);
    mark(&admin, &taken, "check_out", "2020-02-03T09:30").await;
    admin.patch(&format!("/v1/service-records/{told}"), "\"1\"", &json!({"content": "登记"})).await.expect(200);
    let records = hours(&admin, &one).await.1;
    assert_eq!(records[0]["service_hours"], "1.50", "the later check-out counts");
    assert!(records.iter().all(|record| record["team_id"] == json!(teams[0])), "{records:?}");
    for path in [format!("/v1/shifts/{own}"), format!("/v1/shift-assignments/{taken}")] {
        let tag = admin.get(&path).await.header("etag").to_owned();
        let noted = admin.patch(&path, &tag, &json!({"note": "带伞"})).await.expect(200).body;
        assert_eq!((&noted["longitude"], &noted["latitude"]), (&json!(103.0), &json!(30.0)), "{path}");
    }
    // Volunteers without an account then spoke for nobody: one given today doesn't make another's word then their own.
    let version = admin.get(&format!("/v1/volunteers/{one}")).await.header("etag").to_owned();
    admin.patch(&format!("/v1/volunteers/{one}"), &version, &json!({"user_id": admin.id})).await.expect(200);
    assert_eq!(hours(&admin, &one).await.1[0]["team_id"], json!(teams[0]));
}

#[tokio::test]
async fn nobody_tells_or_confirms_hours_of_his_own() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let cadre = app.actor(Role::VillageCadre, "大兴街道").await;
    let one = volunteer(&admin, 1, json!({"user_id": cadre.id})).await;
    let own = json!({"volunteer_id": one, "starts_at": "2020-02-01T08:00:00+08:00", "ends_at": "2020-02-01T20:00:00+08:00", "area_code": DAXING});
    cadre.post("/v1/service-records", &own).await.expect(403);
    make(&admin, "service-records", own).await;
}
