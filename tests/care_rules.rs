//! Rules of a case: days that can be, windows in which somebody was there, searches, corrections.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::duties::{duties, states};
use crate::isolation_cases::{case, make, notice, notified, set_clock, step, work};
use crate::support::{Actor, Reply, TestApp};

/// The faults of an answer, their codes alone.
fn codes(reply: &Reply) -> Vec<String> {
    reply.faults().into_iter().map(|(_, code)| code).collect()
}

/// A case that was notified and taken under observation.
async fn observed(actor: &Actor, body: Json) -> String {
    let id = notified(actor, body).await;
    step(actor, &id, "under_observation", json!({})).await.expect(201);
    id
}

/// The case as it stands.
async fn read(actor: &Actor, id: &str) -> Json {
    actor.get(&format!("/v1/isolation-cases/{id}")).await.expect(200).body
}

/// Kind, day of opening, state and waiver of the duties of a case.
async fn told(actor: &Actor, id: &str, kind: &str) -> Vec<(String, String)> {
    let all = duties(actor, &format!("subject_id={id}&duty_kind={kind}")).await;
    let text = |duty: &Json, name: &str| duty[name].as_str().unwrap_or_default().to_owned();
    all.iter().map(|duty| (text(duty, "opens_at")[..10].to_owned(), text(duty, "state"))).collect()
}

#[tokio::test]
async fn a_mistyped_year_is_said_and_releases_nobody() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T09:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let made = nurse.post("/v1/isolation-cases", &case(1, json!({"anchored_on": "2010-01-22"}))).await.expect(201);
    assert!(made.warnings().contains(&"day_implausible".to_owned()), "{}", made.body);
    let id = made.body["id"].as_str().unwrap().to_owned();
    // A notice of another year proves nothing.
    let old = json!({"case_id": id, "signed_on": "2016-02-01", "issued_by": "卫生院"});
    let old = nurse.post("/v1/observation-notices", &old).await.expect(201);
    assert_eq!(old.warnings(), ["day_implausible"]);
    assert_eq!(states(&duties(&nurse, &format!("subject_id={id}")).await, "notice_signing"), ["open"]);
    assert_eq!(codes(&step(&nurse, &id, "notified", json!({})).await.expect(422)), ["notice_missing"]);
    nurse.patch(old.header("location"), "\"1\"", &json!({"signed_on": "2020-02-01"})).await.expect(200);
    assert_eq!(states(&duties(&nurse, &format!("subject_id={id}")).await, "notice_signing"), ["done"]);
    step(&nurse, &id, "notified", json!({})).await.expect(201);
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    let refused = step(&nurse, &id, "completed", json!({})).await.expect(422);
    assert_eq!(refused.faults(), [("/to".to_owned(), "anchor_implausible".to_owned())]);
    let says = refused.body["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(says.contains("14 天") && says.contains("仅 0 天"), "{says}");
    // Thirteen days later one day is still missing, a day after that none.
    for (at, status) in [("2020-02-14T23:00:00+08:00", 422), ("2020-02-15T00:00:00+08:00", 201)] {
        set_clock(&app, at);
        let nurse = app.health_worker("八步镇").await;
        step(&nurse, &id, "completed", json!({})).await.expect(status);
    }
}

#[tokio::test]
async fn days_before_anybody_knew_count_where_records_show_them() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-06T09:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = make(&nurse, "isolation-cases", case(1, json!({}))).await;
    make(&nurse, "observation-notices", notice(&id, "2020-01-26")).await;
    step(&nurse, &id, "notified", json!({})).await.expect(201);
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    let refused = step(&nurse, &id, "completed", json!({})).await.expect(422);
    assert_eq!(codes(&refused), ["anchor_implausible"], "known of since the twenty-sixth");
    let at = |day: u32| format!("2020-01-{day}T09:00:00+08:00");
    let police = app.actor(Role::PoliceOfficer, "八步镇").await;
    make(&police, "spot-checks", json!({"case_id": id, "present": true, "compliant": true, "occurred_at": at(23)}))
        .await;
    let reading = |day| json!({"case_id": id, "temperature_c": "36.5", "occurred_at": at(day)});
    let last = nurse.post("/v1/temperature-readings", &reading(24)).await.expect(201);
    assert_eq!(codes(&step(&nurse, &id, "completed", json!({})).await.expect(422)), ["anchor_implausible"]);
    make(&nurse, "temperature-readings", reading(25)).await;
    let done = step(&nurse, &id, "completed", json!({"occurred_at": "2020-02-06T08:00:00+08:00"})).await.expect(201);
    // Release stands on the record that shows its day: moved earlier, it is judged by the same.
    nurse.post(&format!("{}:void", last.header("location")), &json!({"reason": "录错"})).await.expect(200);
    let moved = json!({"occurred_at": "2020-02-06T00:00:00+08:00"});
    assert_eq!(codes(&nurse.patch(done.header("location"), "\"1\"", &moved).await.expect(422)), ["anchor_implausible"]);
}

#[tokio::test]
async fn days_that_clients_send_are_looked_at_wherever_they_stand() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T09:00:00+08:00");
    let admin = app.administrator().await;
    // Fields in which far days are natural say so.
    let person = json!({"name": "王五", "area_code": "511802114",
        "categories": [{"category": "hubei_returnee", "since_on": "2010-01-01", "source": "名单"}]});
    assert_eq!(admin.post("/v1/people", &person).await.expect(201).warnings(), Vec::<String>::new());
    let nurse = app.health_worker("八步镇").await;
    let id = observed(&nurse, case(1, json!({}))).await;
    let notice = |starts_on: &str| json!({"case_id": id, "signed_on": "2020-01-31", "starts_on": starts_on, "issued_by": "卫生院"});
    let far = nurse.post("/v1/observation-notices", &notice("2020-06-23")).await.expect(201);
    assert_eq!(far.warnings(), ["day_implausible", "differs_from_case"]);
    nurse.patch(far.header("location"), "\"1\"", &json!({"starts_on": "2020-01-23"})).await.expect(200);
    let mended = nurse.get(far.header("location")).await.expect(200);
    assert_eq!(mended.warnings(), Vec::<String>::new());
    // Where a rule acts on the day, it is refused.
    for to in ["extended", "corrected"] {
        let far = json!({"anchored_on": "2036-01-28", "reason": "再次接触"});
        let refused = step(&nurse, &id, to, far).await.expect(422);
        assert_eq!(refused.faults(), [("/anchored_on".to_owned(), "day_implausible".to_owned())], "{to}");
    }
    assert_eq!(read(&nurse, &id).await["ends_on"], "2020-02-05");
}

#[tokio::test]
async fn nothing_is_expected_while_somebody_is_not_there() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-27T08:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = observed(&nurse, case(1, json!({}))).await;
    set_clock(&app, "2020-01-28T13:00:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    assert_eq!(told(&nurse, &id, "am_reading").await[1], ("2020-01-28".into(), "missed".into()));
    // He had been taken away at nine: told late, it unmakes what was missed meanwhile.
    let referral = json!({"hospital": "市人民医院", "reason": "发热", "occurred_at": "2020-01-28T09:00:00+08:00"});
    step(&nurse, &id, "suspended_referral", referral).await.expect(201);
    assert_eq!(told(&nurse, &id, "am_reading").await[1], ("2020-01-28".into(), "waived".into()));
    set_clock(&app, "2020-01-29T16:00:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    let back = step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    work(&app).await;
    let missed = duties(&nurse, &format!("subject_id={id}&state=missed&from_on=2020-01-28&to_on=2020-01-29")).await;
    let of_day: Vec<&Json> = missed.iter().filter(|duty| duty["cause_id"].is_null()).collect();
    assert_eq!(of_day, Vec::<&Json>::new());
    let afternoon = told(&nurse, &id, "pm_reading").await;
    assert!(afternoon.contains(&("2020-01-29".into(), "open".into())), "{afternoon:?}");
    // He was back before eight, it turns out: then the morning was to be measured.
    let path = back.header("location").to_owned();
    nurse.patch(&path, "\"1\"", &json!({"occurred_at": "2020-01-29T07:30:00+08:00"})).await.expect(200);
    assert!(told(&nurse, &id, "am_reading").await.contains(&("2020-01-29".into(), "missed".into())));
    nurse.patch(&path, "\"2\"", &json!({"occurred_at": "2020-01-29T16:00:00+08:00"})).await.expect(200);
    // The days in hospital don't keep him from being released.
    for day in 27..=36 {
        let on = if day <= 31 { format!("2020-01-{day}") } else { format!("2020-02-{:02}", day - 31) };
        set_clock(&app, &format!("{on}T22:30:00+08:00"));
        let nurse = app.health_worker("八步镇").await;
        for (slot, hour) in [("am", "11"), ("pm", "20")] {
            if day > 29 || (day == 29 && slot == "pm") || day == 27 {
                let at = format!("{on}T{hour}:00:00+08:00");
                make(
                    &nurse,
                    "temperature-readings",
                    json!({"case_id": id, "temperature_c": "36.5", "slot": slot, "occurred_at": at}),
                )
                .await;
            }
        }
    }
    set_clock(&app, "2020-02-06T00:10:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    step(&nurse, &id, "completed", json!({})).await.expect(201);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn somebody_lost_is_searched_for_and_the_days_resume_when_he_is_found() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-25T10:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, police) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::PoliceOfficer, "八步镇").await);
    let five = crate::duties::supervised(1, &[("village", &village), ("police_station", &police)]);
    let id = observed(&nurse, five).await;
    let lost = json!({"last_seen_at": "2020-01-25T08:00:00+08:00", "reason": "敲门无人应答"});
    let lost = step(&village, &id, "lost_contact", lost).await.expect(201).body;
    let searches = async |actor: &Actor| duties(actor, &format!("subject_id={id}&duty_kind=search")).await;
    let open = searches(&nurse).await;
    let mut lines: Vec<(&str, &Json)> =
        open.iter().map(|duty| (duty["line"].as_str().unwrap(), &duty["assignee_id"])).collect();
    lines.sort_unstable_by_key(|(line, _)| *line);
    assert_eq!(lines, [("police_station", &json!(police.id)), ("village", &json!(village.id))]);
    for duty in &open {
        assert_eq!((&duty["state"], &duty["cause_id"]), (&json!("open"), &lost["id"]));
        let at = |name: &str| duty[name].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!((at("due_at") - at("opens_at")).num_minutes(), 120);
    }
    let today = async |actor: &Actor| told(actor, &id, "pm_reading").await[0].clone();
    assert_eq!(today(&nurse).await, ("2020-01-25".into(), "waived".into()));
    set_clock(&app, "2020-01-25T12:30:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    assert!(searches(&nurse).await.iter().all(|duty| duty["state"] == "missed" && !duty["escalated_to"].is_null()));
    let summary = nurse.get("/v1/duties/summary?by=line&from_on=2020-01-25").await.expect(200).body;
    let of_line =
        |key: &str| summary["items"].as_array().unwrap().iter().find(|item| item["key"] == key).unwrap().clone();
    let listed = async |key: &str| {
        let url = of_line(key)["missed_url"].as_str().unwrap().to_owned();
        nurse.get(&url).await.expect(200).body["items"].as_array().unwrap().len()
    };
    assert_eq!(of_line("police_station")["missed"], listed("police_station").await);
    assert_eq!(of_line("village")["missed"], listed("village").await);
    let police = app.actor(Role::PoliceOfficer, "八步镇").await;
    let found = step(&police, &id, "under_observation", json!({})).await.expect(201).body;
    let closed = searches(&nurse).await;
    for duty in &closed {
        assert_eq!((&duty["state"], &duty["late"], &duty["proof"]["id"]), (&json!("done"), &json!(true), &found["id"]));
    }
    assert_eq!(today(&nurse).await, ("2020-01-25".into(), "open".into()));
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_late_answer_to_an_alert_is_an_answer() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-25T10:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = observed(&nurse, case(1, json!({}))).await;
    let reading = json!({"case_id": id, "temperature_c": "36.5", "symptoms": ["cough"]});
    let reading = nurse.post("/v1/temperature-readings", &reading).await.expect(201);
    set_clock(&app, "2020-01-29T10:00:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    assert_eq!(told(&nurse, &id, "symptom_alert").await, [("2020-01-25".into(), "missed".into())]);
    // Duties move with the record that asked for them.
    let moved = json!({"occurred_at": "2020-01-26T09:00:00+08:00"});
    nurse.patch(reading.header("location"), "\"1\"", &moved).await.expect(200);
    assert_eq!(told(&nurse, &id, "symptom_alert").await, [("2020-01-26".into(), "missed".into())]);
    let visit = json!({"case_id": id, "line": "health_center", "health_status": "well"});
    make(&nurse, "follow-up-visits", visit).await;
    assert_eq!(told(&nurse, &id, "symptom_alert").await, [("2020-01-26".into(), "done".into())]);
}

#[tokio::test]
async fn the_days_of_a_case_move_by_steps_alone_and_its_duties_with_them() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-12T07:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (group, police) = (app.actor(Role::GroupCadre, "八步镇").await, app.actor(Role::PoliceOfficer, "八步镇").await);
    let id = make(&nurse, "isolation-cases", case(1, json!({"anchored_on": "2020-02-10"}))).await;
    let path = format!("/v1/isolation-cases/{id}");
    group.patch(&path, "\"1\"", &json!({"anchored_on": "2020-02-11"})).await.expect(200);
    make(&nurse, "observation-notices", notice(&id, "2020-02-12")).await;
    step(&nurse, &id, "notified", json!({})).await.expect(201);
    make(&nurse, "temperature-readings", json!({"case_id": id, "temperature_c": "36.5"})).await;
    let tag = nurse.get(&path).await.header("etag").to_owned();
    for (patch, pointer) in
        [(json!({"anchored_on": "2020-01-25"}), "/anchored_on"), (json!({"anchor": "observation_start"}), "/anchor")]
    {
        let refused = group.patch(&path, &tag, &patch).await.expect(422);
        assert_eq!(refused.faults(), [(pointer.to_owned(), "only_by_transition".to_owned())]);
    }
    let correction = |day: &str| json!({"anchored_on": day, "reason": "核对火车票"});
    for actor in [&police, &app.town_cadre("八步镇").await] {
        step(actor, &id, "corrected", correction("2020-01-25")).await.expect(403);
    }
    assert_eq!(
        codes(&step(&nurse, &id, "corrected", json!({"anchored_on": "2020-01-25"})).await.expect(422)),
        ["required"]
    );
    let daily = async |state: &str| {
        let all = duties(&nurse, &format!("subject_id={id}&state={state}&from_on=2020-02-13")).await;
        all.iter().filter(|duty| duty["cause_id"].is_null()).count()
    };
    assert_eq!((daily("open").await, daily("waived").await), (6, 0));
    // The end moves back to the day already observed, and no further; nothing is expected beyond it.
    step(&nurse, &id, "corrected", correction("2020-01-25")).await.expect(201);
    let case = read(&nurse, &id).await;
    assert_eq!((&case["starts_on"], &case["ends_on"]), (&json!("2020-01-26"), &json!("2020-02-12")));
    assert_eq!((&case["state"], daily("open").await, daily("waived").await), (&json!("under_observation"), 0, 6));
    let tomorrow = step(&nurse, &id, "completed", json!({})).await.expect(422);
    assert!(codes(&tomorrow).contains(&"too_early".to_owned()), "{}", tomorrow.body);
    // It stays there whatever else is amended.
    let tag = nurse.get(&path).await.header("etag").to_owned();
    nurse.patch(&path, &tag, &json!({"address": "八步镇某村2组"})).await.expect(200);
    assert_eq!(read(&nurse, &id).await["ends_on"], "2020-02-12");
    // Moved on again, what is ahead is expected again, within the same transaction.
    let day = json!({"anchor": "observation_start", "anchored_on": "2020-02-12", "reason": "核对"});
    step(&nurse, &id, "corrected", day).await.expect(201);
    let case = read(&nurse, &id).await;
    assert_eq!((&case["anchor"], &case["ends_on"]), (&json!("observation_start"), &json!("2020-02-25")));
    assert_eq!((daily("open").await, daily("waived").await), (6, 0));
    set_clock(&app, "2020-02-13T00:05:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    step(&nurse, &id, "corrected", correction("2020-01-25")).await.expect(201);
    let refused = step(&nurse, &id, "completed", json!({})).await.expect(422);
    assert!(codes(&refused).contains(&"anchor_implausible".to_owned()), "one day makes no release: {}", refused.body);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn whom_a_case_is_about_is_never_changed() {
    let app = TestApp::start().await;
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    let other = make(&nurse, "people", json!({"name": "王五", "area_code": "511802114"})).await;
    let tag = nurse.get(&format!("/v1/isolation-cases/{id}")).await.header("etag").to_owned();
    let refused =
        nurse.patch(&format!("/v1/isolation-cases/{id}"), &tag, &json!({"person_id": other})).await.expect(422);
    assert_eq!(codes(&refused), ["create_only"]);
}

/// A case that was observed to its end, its last record on that day.
async fn released(app: &TestApp, sequence: u32) -> (Actor, String) {
    set_clock(app, "2020-01-23T07:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = observed(&nurse, case(sequence, json!({}))).await;
    for day in 23..=36 {
        let on = if day <= 31 { format!("2020-01-{day}") } else { format!("2020-02-{:02}", day - 31) };
        set_clock(app, &format!("{on}T21:00:00+08:00"));
        let nurse = app.health_worker("八步镇").await;
        for hour in ["08", "20"] {
            let reading =
                json!({"case_id": id, "temperature_c": "36.5", "occurred_at": format!("{on}T{hour}:00:00+08:00")});
            make(&nurse, "temperature-readings", reading).await;
        }
    }
    set_clock(app, "2020-02-06T09:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    step(&nurse, &id, "completed", json!({})).await.expect(201);
    (nurse, id)
}

async fn verdict(actor: &Actor, code: &Json) -> Json {
    actor.post("/v1/isolation-cases:verify-certificate", &json!({"code": code})).await.expect(200).body
}

#[tokio::test]
async fn a_closed_case_is_the_commands_to_correct_and_its_certificate_is_withdrawn() {
    let app = TestApp::start().await;
    let (nurse, id) = released(&app, 1).await;
    let (path, admin) = (format!("/v1/isolation-cases/{id}"), app.administrator().await);
    let certificate = async || nurse.get(&format!("{path}/certificate")).await.expect(200).body;
    let first = certificate().await;
    assert_eq!(
        (&first["edition"], &first["issued_by"], &first["findings"]),
        (&json!(1), &json!("八步镇卫生院"), &json!([]))
    );
    let (_, _, page) = nurse.download(&format!("{path}/certificate.html")).await;
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("期满无异常") && page.contains("八步镇卫生院"), "{page}");
    let guard = app.gate_guard("大兴街道").await;
    assert_eq!(verdict(&guard, &first["code"]).await, json!({"verdict": "valid", "released_on": "2020-02-06"}));
    assert_eq!(verdict(&guard, &json!("LF1.AQ")).await, json!({"verdict": "unknown", "released_on": null}));
    // Nobody amends it, and of the steps only the command makes one.
    let tag = nurse.get(&path).await.header("etag").to_owned();
    for patch in [json!({"anchored_on": "2020-01-21"}), json!({"categories": ["other"]}), json!({"supervisors": []})] {
        for actor in [&nurse, &admin] {
            assert_eq!(codes(&actor.patch(&path, &tag, &patch).await.expect(422)), ["case_closed"], "{patch}");
        }
    }
    let correction = |day: &str| json!({"anchored_on": day, "reason": "核对火车票"});
    step(&nurse, &id, "corrected", correction("2020-01-21")).await.expect(403);
    step(&admin, &id, "corrected", correction("2020-01-21")).await.expect(201);
    let second = certificate().await;
    assert_eq!((&second["edition"], &second["starts_on"]), (&json!(2), &json!("2020-01-22")));
    // The last day observed stays within.
    assert_eq!((&second["ends_on"], &second["released_on"]), (&json!("2020-02-05"), &json!("2020-02-06")));
    assert_ne!(first["code"], second["code"]);
    assert_eq!(verdict(&guard, &first["code"]).await["verdict"], "withdrawn");
    assert_eq!(verdict(&guard, &second["code"]).await["verdict"], "valid");
    // Released too early, as it turns out: there is no certificate any more.
    step(&admin, &id, "corrected", correction("2020-01-24")).await.expect(201);
    assert_eq!(nurse.get(&format!("{path}/certificate")).await.expect(409).code(), "not_released");
    assert_eq!(verdict(&guard, &second["code"]).await["verdict"], "withdrawn");
    assert_eq!(read(&nurse, &id).await["state"], "completed");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
    step(&admin, &id, "corrected", correction("2020-01-22")).await.expect(201);
    let fourth = certificate().await;
    assert_eq!(fourth["edition"], 4);
    admin.post(&format!("{path}:void"), &json!({"reason": "误报"})).await.expect(200);
    assert_eq!(verdict(&guard, &fourth["code"]).await["verdict"], "withdrawn");
}

#[tokio::test]
async fn a_certificate_says_what_was_found() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T07:00:00+08:00");
    let (nurse, id) = released(&app, 1).await;
    let find =
        json!({"case_id": id, "temperature_c": "37.9", "slot": "extra", "occurred_at": "2020-01-27T09:00:00+08:00"});
    let fever = nurse.post("/v1/temperature-readings", &find).await.expect(201);
    let path = format!("/v1/isolation-cases/{id}/certificate");
    let certificate = nurse.get(&path).await.expect(200).body;
    assert_eq!(certificate["findings"], json!([{"finding": "fever", "on_day": "2020-01-27"}]));
    let page = async || String::from_utf8(nurse.download(&format!("{path}.html")).await.2).unwrap();
    let printed = page().await;
    assert!(!printed.contains("无异常") && printed.contains("2020-01-27 发热"), "{printed}");
    nurse.post(&format!("{}:void", fever.header("location")), &json!({"reason": "录错"})).await.expect(200);
    assert!(page().await.contains("期满无异常"));
}

/// Nobody gets rid of what he missed by voiding the reading that asked for it and taking that back.
#[tokio::test]
async fn a_restored_fever_asks_for_its_retest_again() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-25T08:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = observed(&nurse, case(1, json!({}))).await;
    let fever = json!({"case_id": id, "temperature_c": "37.9", "occurred_at": "2020-01-25T08:00:00+08:00"});
    let reading = nurse.post("/v1/temperature-readings", &fever).await.expect(201).header("location").to_owned();
    let retest = async |actor: &Actor| {
        let all = duties(actor, &format!("subject_id={id}&duty_kind=retest")).await;
        assert_eq!(all.len(), 1, "{all:?}");
        (all[0]["state"].as_str().unwrap().to_owned(), all[0]["waiver"].as_str().unwrap_or_default().to_owned())
    };
    let told = |state: &str, waiver: &str| (state.to_owned(), waiver.to_owned());
    let turn = async |actor: &Actor, op: &str| {
        actor.post(&format!("{reading}:{op}"), &json!({"reason": "录错"})).await.expect(200);
    };
    assert_eq!(retest(&nurse).await, told("open", ""));
    turn(&nurse, "void").await;
    assert_eq!(retest(&nurse).await, told("waived", "cause_voided"));
    turn(&nurse, "restore").await;
    assert_eq!(retest(&nurse).await, told("open", ""), "in time");
    set_clock(&app, "2020-01-25T11:00:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    assert_eq!(retest(&nurse).await, told("missed", ""));
    turn(&nurse, "void").await;
    assert_eq!(retest(&nurse).await, told("waived", "cause_voided"), "there was no fever");
    turn(&nurse, "restore").await;
    assert_eq!(retest(&nurse).await, told("missed", ""), "there was one, and nobody measured again");
    // The same by an amendment that takes the fever away and back.
    let tag = nurse.get(&reading).await.header("etag").to_owned();
    let cooled = nurse.patch(&reading, &tag, &json!({"temperature_c": "36.9"})).await.expect(200);
    assert_eq!(retest(&nurse).await, told("waived", "cause_voided"));
    nurse.patch(&reading, cooled.header("etag"), &json!({"temperature_c": "37.9"})).await.expect(200);
    assert_eq!(retest(&nurse).await, told("missed", ""));
    // Once the reading is void for good, so is what it asked for, whatever the worker looks at.
    turn(&nurse, "void").await;
    work(&app).await;
    assert_eq!(retest(&nurse).await, told("waived", "cause_voided"));
}
