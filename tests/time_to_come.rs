//! A claim about the future proves nothing until its time has come; then it is judged as if it had just arrived.

use serde_json::{Value as Json, json};

use crate::duties::{duties, states};
use crate::isolation_cases::{case, make, notified, set_clock, step, work};
use crate::shifts::{assignment, gate, needs, shift, volunteer};
use crate::supply::{report, store};
use crate::support::{Actor, TestApp};

fn reading(case_id: &str, at: &str) -> Json {
    json!({"case_id": case_id, "temperature_c": "36.5", "occurred_at": at})
}

async fn of_kind(actor: &Actor, case_id: &str, kind: &str, day: &str) -> Json {
    let query = format!("subject_id={case_id}&duty_kind={kind}&from_on={day}&to_on={day}");
    duties(actor, &query).await.first().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_reading_of_tomorrow_proves_nothing_takes_no_slot_and_is_judged_when_it_comes() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T09:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    let ahead = nurse.post("/v1/temperature-readings", &reading(&id, "2020-01-25T08:30:00+08:00")).await.expect(201);
    assert_eq!(ahead.warnings(), ["occurred_in_future"]);
    let read = nurse.get(&format!("/v1/isolation-cases/{id}")).await.body;
    assert_eq!(read["state"], "notified", "begins no observation");
    assert_eq!(of_kind(&nurse, &id, "am_reading", "2020-01-25").await["state"], "open");
    // The true one, of the same window, before that time.
    set_clock(&app, "2020-01-25T07:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    work(&app).await;
    let true_one = nurse.post("/v1/temperature-readings", &reading(&id, "2020-01-25T07:00:00+08:00")).await.expect(201);
    assert_eq!((&true_one.body["slot"], true_one.warnings()), (&json!("am"), vec![]));
    let done = of_kind(&nurse, &id, "am_reading", "2020-01-25").await;
    assert_eq!((&done["state"], &done["proof"]["id"]), (&json!("done"), &true_one.body["id"]));
    // When its time comes the slot is taken: it gives way as any second reading does.
    set_clock(&app, "2020-01-25T08:31:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    work(&app).await;
    let path = ahead.header("location").to_owned();
    let came = nurse.get(&path).await;
    assert_eq!(
        (&came.body["slot"], came.warnings()),
        (&json!("extra"), vec!["occurred_in_future".into(), "slot_taken".into()])
    );
    assert_eq!(of_kind(&nurse, &id, "am_reading", "2020-01-25").await["proof"]["id"], true_one.body["id"]);
    work(&app).await;
    assert_eq!(nurse.get(&path).await.body["revision"], came.body["revision"], "judged once");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn two_weeks_in_one_batch_fill_no_day_to_come_and_each_counts_on_its_own() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T09:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    let at = |day: u32, hour: u32| format!("2020-01-{day}T{hour:02}:10:00+08:00");
    let items: Vec<Json> = (24..30).flat_map(|day| [reading(&id, &at(day, 9)), reading(&id, &at(day, 15))]).collect();
    nurse.post("/v1/temperature-readings:batch", &json!({"items": items})).await.expect(207);
    let of_day = async |nurse: &Actor, day: &str| {
        let query = format!("/v1/stats/temperature-readings?from_on={day}&to_on={day}&by=total");
        nurse.get(&query).await.expect(200).body["total"]["temperature_readings"]["value"].clone()
    };
    assert_eq!(of_day(&nurse, "2020-01-24").await, 1, "09:10 is within a phone's clock, 15:10 isn't");
    let all = nurse.get("/v1/stats/temperature-readings?cumulative=true&to_on=2020-02-28").await.expect(200).body;
    assert_eq!(all["total"]["temperature_readings"]["value"], 1, "cumulative ends at now: {all}");
    let done = duties(&nurse, &format!("subject_id={id}&state=done&duty_kind=am_reading")).await;
    assert_eq!(done.len(), 1, "{done:?}");
    let grid = nurse.get(&format!("/v1/isolation-cases/{id}/days")).await.expect(200).body;
    let today = grid["items"].as_array().unwrap().iter().find(|line| line["on_day"] == "2020-01-24").unwrap().clone();
    assert_eq!(today["readings"], "1/2");
    for day in 24..27 {
        set_clock(&app, &format!("2020-01-{day}T23:00:00+08:00"));
        work(&app).await;
        let nurse = app.health_worker("八步镇").await;
        let on = format!("2020-01-{day}");
        assert_eq!(of_day(&nurse, &on).await, 2, "{on}");
        assert_eq!(of_kind(&nurse, &id, "pm_reading", &on).await["state"], "done", "{on}");
        let next = format!("2020-01-{}", day + 1);
        assert_eq!(of_kind(&nurse, &id, "am_reading", &next).await["state"], "open", "{next}");
    }
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn checks_steps_and_notices_of_tomorrow_close_and_open_nothing() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T09:00:00+08:00");
    let admin = app.administrator().await;
    // A notice signed tomorrow is no notice.
    let id = make(&admin, "isolation-cases", case(1, json!({}))).await;
    let notice = json!({"case_id": id, "signed_on": "2020-01-25", "issued_by": "卫生院"});
    make(&admin, "observation-notices", notice).await;
    assert_eq!(step(&admin, &id, "notified", json!({})).await.expect(422).faults()[0].1, "notice_missing");
    assert_eq!(states(&duties(&admin, &format!("subject_id={id}")).await, "notice_signing"), ["open"]);

    let id = notified(&admin, case(2, json!({}))).await;
    let checks = |day: &str| format!("subject_id={id}&duty_kind=police_check&from_on={day}&to_on={day}");
    let opens_at = duties(&admin, &checks("2020-01-25")).await[0]["opens_at"].as_str().unwrap().to_owned();
    make(&admin, "spot-checks", json!({"case_id": id, "present": true, "compliant": true, "occurred_at": opens_at}))
        .await;
    assert_eq!(duties(&admin, &checks("2020-01-25")).await[0]["state"], "open");
    make(&admin, "temperature-readings", reading(&id, "2020-01-24T09:00:00+08:00")).await;
    let lost =
        json!({"reason": "x", "last_seen_at": "2020-01-24T08:00:00+08:00", "occurred_at": "2020-01-24T20:00:00+08:00"});
    let lost = step(&admin, &id, "lost_contact", lost).await.expect(201);
    assert_eq!(admin.get(&format!("/v1/isolation-cases/{id}")).await.body["state"], "under_observation");
    set_clock(&app, "2020-01-24T20:01:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    assert_eq!(admin.get(&format!("/v1/isolation-cases/{id}")).await.body["state"], "lost_contact");
    // A step that was not legal any more when it came is kept, said, and moves nothing.
    let found = json!({"occurred_at": "2020-01-24T22:00:00+08:00"});
    let found = step(&admin, &id, "under_observation", found).await.expect(201);
    step(&admin, &id, "under_observation", json!({})).await.expect(201);
    set_clock(&app, "2020-01-24T22:01:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    let refused = admin.get(found.header("location")).await.expect(200);
    assert!(refused.warnings().contains(&"refused_when_due".to_owned()), "{}", refused.body);
    assert_eq!(admin.get(lost.header("location")).await.body["voided_at"], Json::Null);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_reading_of_2099_silences_no_alert() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    make(&nurse, "temperature-readings", reading(&id, "2020-01-24T05:00:00+08:00")).await;
    make(&nurse, "temperature-readings", reading(&id, "2099-01-24T05:00:00+08:00")).await;
    set_clock(&app, "2020-01-25T23:00:00+08:00");
    work(&app).await;
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    assert_eq!(states(&duties(&nurse, &format!("subject_id={id}")).await, "no_contact_alert"), ["open"]);
}

#[tokio::test]
async fn a_stores_report_of_tomorrow_warns_and_is_its_day_once_it_comes() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T09:00:00+08:00");
    let admin = app.administrator().await;
    let place = store(&admin, "雨城超市").await;
    work(&app).await;
    let body = report(&place, "2020-01-31", &[("meat_beef", "40")]);
    let ahead = admin.post("/v1/supply-reports", &body).await.expect(201);
    assert_eq!(ahead.warnings(), ["occurred_in_future"]);
    assert_eq!(admin.post("/v1/supply-reports", &body).await.expect(409).code(), "report_exists");
    let of_day = "duty_kind=supply_report&from_on=2020-01-31&to_on=2020-01-31";
    assert_eq!(duties(&admin, of_day).await[0]["state"], "open");
    set_clock(&app, "2020-01-31T00:01:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    let done = duties(&admin, of_day).await;
    assert_eq!((&done[0]["state"], &done[0]["proof"]["id"]), (&json!("done"), &ahead.body["id"]));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn who_says_today_that_he_came_in_two_days_has_no_hours() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T09:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "龙溪苑北门").await;
    let somebody = volunteer(&admin, 1, json!({})).await;
    let of_shift = shift(&admin, &place, "2020-02-03", 8, 12, needs("volunteer", 1)).await;
    let taken = crate::shifts::make(&admin, "shift-assignments", assignment(&of_shift, &somebody, "volunteer")).await;
    for (action, at) in [("check_in", "2020-02-03T08:00:00+08:00"), ("check_out", "2020-02-03T12:00:00+08:00")] {
        let mark = json!({"assignment_id": taken, "action": action, "occurred_at": at});
        crate::shifts::make(&admin, "shift-attendances", mark).await;
    }
    let hours = async |admin: &Actor| {
        admin.get("/v1/service-records").await.expect(200).body["items"].as_array().unwrap().len()
    };
    assert_eq!(hours(&admin).await, 0);
    set_clock(&app, "2020-02-03T12:01:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    assert_eq!(hours(&admin).await, 1);
    assert_eq!(admin.get("/v1/service-records").await.body["items"][0]["service_hours"], "4.00");
}
