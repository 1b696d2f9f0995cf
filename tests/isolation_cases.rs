//! Isolation cases: days, states and their guards, the records that belong to them, the certificate.

use chrono::{DateTime, TimeDelta, Utc};
use lianfang::platform::access::Role;
use lianfang::rooms::duties;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, fake_resident_id};

const BABU: &str = "511802114";

/// A case as the village reports it.
pub fn case(sequence: u32, change: Json) -> Json {
    let supervisors: Vec<Json> = ["town", "village", "group", "health_center", "police_station"]
        .iter()
        .map(|level| json!({"level": level, "name": "某某"}))
        .collect();
    let person = json!({"name": "李四", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "phone": format!("154{sequence:08}"), "area_code": BABU});
    let mut body = json!({"area_code": BABU, "person": person, "categories": ["hubei_returnee"], "anchor": "departure", "anchored_on": "2020-01-22", "supervisors": supervisors});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

/// Sets the service's clock.
pub fn set_clock(app: &TestApp, at: &str) {
    let at: DateTime<Utc> = at.parse().unwrap();
    app.core.clock.shift(at - app.core.clock.now());
}

/// Posts to a kind; answers the record's id.
pub async fn make(actor: &Actor, kind: &str, body: Json) -> String {
    actor.post(&format!("/v1/{kind}"), &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

/// A case with a signed notice, notified.
pub async fn notified(actor: &Actor, body: Json) -> String {
    let id = make(actor, "isolation-cases", body).await;
    make(actor, "observation-notices", notice(&id, "2020-01-22")).await;
    step(actor, &id, "notified", json!({})).await.expect(201);
    id
}

/// A notice that was handed in on the day when it was signed.
pub fn notice(case_id: &str, signed_on: &str) -> Json {
    let occurred_at = format!("{signed_on}T00:00:00+08:00");
    json!({"case_id": case_id, "signed_on": signed_on, "issued_by": "八步镇卫生院", "occurred_at": occurred_at})
}

/// A transition.
pub async fn step(actor: &Actor, case_id: &str, to: &str, change: Json) -> crate::support::Reply {
    let mut body = json!({"case_id": case_id, "to": to});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    actor.post("/v1/isolation-case-transitions", &body).await
}

/// Lets the worker look once.
pub async fn work(app: &TestApp) {
    duties::look_after(&app.core).await.unwrap();
}

#[tokio::test]
async fn days_are_counted_by_the_policy_and_release_waits_for_midnight() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    let path = format!("/v1/isolation-cases/{id}");
    let read = nurse.get(&path).await.expect(200).body;
    assert_eq!((&read["starts_on"], &read["ends_on"]), (&json!("2020-01-23"), &json!("2020-02-05")));
    assert_eq!(read["release_from"], "2020-02-06T00:00:00+08:00");
    assert_eq!(read["state"], "notified");
    let reading = json!({"case_id": id, "temperature_c": "36.5", "occurred_at": "2020-02-05T08:00:00+08:00"});
    let first = nurse.post("/v1/temperature-readings", &reading).await.expect(201).body;
    assert_eq!((&first["slot"], &first["slot_on"]), (&json!("am"), &json!("2020-02-05")));
    assert_eq!(nurse.get(&path).await.body["state"], "under_observation", "by the first reading");
    let early = step(&nurse, &id, "completed", json!({"occurred_at": "2020-02-05T23:59:59+08:00"})).await.expect(422);
    assert_eq!(early.faults(), [("/occurred_at".to_owned(), "too_early".to_owned())]);
    nurse.get(&format!("{path}/certificate")).await.expect(409);
    step(&nurse, &id, "completed", json!({"occurred_at": "2020-02-06T00:00:00+08:00"})).await.expect(201);
    let read = nurse.get(&path).await.expect(200).body;
    assert_eq!((&read["state"], &read["ended_at"]), (&json!("completed"), &json!("2020-02-06T00:00:00+08:00")));
    let certificate = nurse.get(&format!("{path}/certificate")).await.expect(200).body;
    assert_eq!(certificate["released_on"], "2020-02-06");
    assert!(certificate["code"].as_str().unwrap().starts_with("LF1."));
    let keys = app.nobody().get("/.well-known/certificate-keys.json").await.expect(200).body;
    assert_eq!(keys["keys"][0]["kid"], certificate["key_id"]);
    let (status, _, page) = nurse.download(&format!("{path}/certificate.html")).await;
    let page = String::from_utf8(page).unwrap();
    assert!(status == 200 && page.contains("李四") && page.contains("<svg"), "{page}");
    assert!(!certificate.to_string().contains("李四"));
}

#[tokio::test]
async fn every_guard_says_what_is_missing_and_retries_are_no_fault() {
    let app = TestApp::start().await;
    let nurse = app.health_worker("八步镇").await;
    let bare = json!({"supervisors": [{"level": "town", "name": "甲"}]});
    let id = make(&nurse, "isolation-cases", case(1, bare)).await;
    let refused = step(&nurse, &id, "notified", json!({})).await.expect(422);
    let codes: Vec<String> = refused.faults().into_iter().map(|(_, code)| code).collect();
    assert_eq!(codes, ["notice_missing", "supervisors_missing"]);
    let illegal = step(&nurse, &id, "completed", json!({})).await.expect(422);
    assert_eq!(illegal.faults()[0].1, "illegal_transition");
    assert!(illegal.body["errors"][0]["message"].as_str().unwrap().contains("已告知"), "{}", illegal.body);
    step(&nurse, &id, "dismissed", json!({})).await.expect(422);
    let dismissal = json!({"id": Uuid::now_v7(), "reason": "核查后不属实"});
    step(&nurse, &id, "dismissed", dismissal.clone()).await.expect(201);
    step(&nurse, &id, "dismissed", dismissal).await.expect(200);
    // A second episode begins when the first has ended, not before.
    let second = case(1, json!({"anchored_on": "2020-02-20"}));
    make(&nurse, "isolation-cases", second.clone()).await;
    let third = nurse.post("/v1/isolation-cases", &second).await.expect(422);
    assert_eq!(third.faults()[0].1, "active_case_exists");
    let twice = case(2, json!({"supervisors": [{"level": "town", "name": "甲"}, {"level": "town", "name": "乙"}]}));
    assert_eq!(nurse.post("/v1/isolation-cases", &twice).await.expect(422).faults()[0].1, "repeated_item");
}

#[tokio::test]
async fn only_those_named_may_make_a_step() {
    let app = TestApp::start().await;
    let (nurse, village) = (app.health_worker("八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let (police, town) = (app.actor(Role::PoliceOfficer, "八步镇").await, app.town_cadre("八步镇").await);
    let cdc = app.actor(Role::CdcOfficer, "八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    step(&village, &id, "under_observation", json!({})).await.expect(403);
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    let lost = json!({"last_seen_at": "2020-01-24T08:00:00+08:00", "reason": "敲门无人应答"});
    step(&nurse, &id, "lost_contact", lost.clone()).await.expect(403);
    step(&village, &id, "lost_contact", lost).await.expect(201);
    step(&police, &id, "under_observation", json!({})).await.expect(201);
    let referral = json!({"hospital": "市人民医院", "reason": "发热"});
    step(&town, &id, "suspended_referral", referral.clone()).await.expect(403);
    step(&nurse, &id, "suspended_referral", referral).await.expect(201);
    let diagnosis = json!({"diagnosis_class": "confirmed", "reason": "核酸阳性"});
    step(&nurse, &id, "became_case", diagnosis.clone()).await.expect(403);
    step(&cdc, &id, "became_case", diagnosis).await.expect(201);
    let transition = nurse.get("/v1/isolation-case-transitions").await.body["items"][0].clone();
    let void = format!("/v1/isolation-case-transitions/{}:void", transition["id"].as_str().unwrap());
    let stands = cdc.post(&void, &json!({"reason": "x"})).await.expect(422);
    assert_eq!(stands.faults()[0].1, "transition_stands");
    let timeline = nurse.get(&format!("/v1/isolation-cases/{id}/timeline")).await.expect(200).body;
    let steps =
        timeline["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "isolation_case_transitions");
    assert_eq!(steps.count(), 6);
}

#[tokio::test]
async fn a_reading_has_a_slot_and_a_fever_has_a_threshold() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-25T12:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    let reading = |temperature: &str, at: &str| json!({"case_id": id, "temperature_c": temperature, "occurred_at": at});
    let post = async |body: Json| nurse.post("/v1/temperature-readings", &body).await.expect(201);
    let under = post(reading("37.2", "2020-01-24T08:00:00+08:00")).await;
    let fever = post(reading("37.3", "2020-01-24T20:00:00+08:00")).await;
    assert_eq!((&under.body["fever"], &fever.body["fever"]), (&json!(false), &json!(true)));
    assert_eq!((under.warnings(), fever.warnings()), (vec![], vec!["retest_needed".to_owned()]));
    let again = post(reading("36.9", "2020-01-24T08:30:00+08:00")).await;
    assert_eq!((&again.body["slot"], again.warnings()), (&json!("extra"), vec!["slot_taken".to_owned()]));
    let cold = post(reading("34.1", "2020-01-25T09:00:00+08:00")).await;
    assert_eq!(
        (&cold.body["needs_retest"], cold.warnings()),
        (&json!(true), vec!["implausible_temperature".to_owned()])
    );
    let night =
        post(json!({"case_id": id, "temperature_c": "36.5", "slot": "pm", "occurred_at": "2020-01-24T00:30:00+08:00"}))
            .await;
    assert_eq!(
        (&night.body["slot_on"], &night.body["slot"]),
        (&json!("2020-01-23"), &json!("pm")),
        "still of the day before"
    );
    nurse.post("/v1/temperature-readings", &json!({"temperature_c": "36.5"})).await.expect(422);
    let person = make(&nurse, "people", json!({"name": "王五", "area_code": BABU})).await;
    let returnee = post(json!({"person_id": person, "temperature_c": "36.5"})).await;
    assert_eq!(returnee.body["case_id"], Json::Null);
    let mixed = json!({"case_id": id, "person_id": person, "temperature_c": "36.5"});
    assert_eq!(nurse.post("/v1/temperature-readings", &mixed).await.expect(422).faults()[0].1, "other_case");
    // Two phones at once: one has the slot, the other is kept beside it.
    set_clock(&app, "2020-01-25T18:05:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let post = async |body: Json| nurse.post("/v1/temperature-readings", &body).await.expect(201);
    let both = futures_util::future::join_all((0..8).map(|_| post(reading("36.6", "2020-01-25T18:00:00+08:00")))).await;
    let slots = both.iter().filter(|reply| reply.body["slot"] == "pm").count();
    assert_eq!(slots, 1);
}

#[tokio::test]
async fn an_extension_keeps_history_and_never_shortens() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T12:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    let path = format!("/v1/isolation-cases/{id}");
    let extension = json!({"anchored_on": "2020-01-28", "reason": "再次接触"});
    step(&nurse, &id, "extended", extension).await.expect(201);
    let read = nurse.get(&path).await.body;
    assert_eq!((&read["ends_on"], &read["extended"]), (&json!("2020-02-11"), &json!(true)));
    assert_eq!(read["state"], "under_observation");
    step(&nurse, &id, "extended", json!({"anchored_on": "2020-01-20", "reason": "x"})).await.expect(201);
    assert_eq!(nurse.get(&path).await.body["ends_on"], "2020-02-11", "the end never moves back");
    let tag = nurse.get(&path).await.header("etag").to_owned();
    let patched = nurse.patch(&path, &tag, &json!({"anchored_on": "2020-01-21"})).await.expect(422);
    assert_eq!(patched.faults(), [("/anchored_on".to_owned(), "only_by_transition".to_owned())]);
    step(&nurse, &id, "corrected", json!({"anchored_on": "2020-01-21", "reason": "录错"})).await.expect(201);
    let corrected = nurse.get(&path).await.expect(200).body;
    assert_eq!((&corrected["starts_on"], &corrected["ends_on"]), (&json!("2020-01-22"), &json!("2020-02-11")));
    let revisions = nurse.get(&format!("{path}/revisions")).await.body;
    let ends: Vec<&Json> = revisions["items"].as_array().unwrap().iter().map(|item| &item["ends_on"]).collect();
    assert!(ends.contains(&&json!("2020-02-05")), "{ends:?}");
    let moved = app.core.clock.now() + TimeDelta::days(400);
    set_clock(&app, &moved.to_rfc3339());
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_refused_batch_leaves_nothing_of_what_its_first_items_would_have_done() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T12:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = make(&nurse, "isolation-cases", case(1, json!({}))).await;
    make(&nurse, "observation-notices", json!({"case_id": id, "signed_on": "2020-01-23", "issued_by": "卫生院"})).await;
    let items = json!({"items": [{"case_id": id, "to": "notified"}, {"case_id": id, "to": "completed"}]});
    let told = nurse.post("/v1/isolation-case-transitions:batch?atomic=true", &items).await.expect(207).body;
    let codes = [0, 1].map(|item| told["results"][item]["problem"]["code"].as_str().unwrap().to_owned());
    assert_eq!(codes, ["batch_aborted", "unprocessable"], "each item is told what the rules refuse: {told}");
    let read = nurse.get(&format!("/v1/isolation-cases/{id}")).await.expect(200).body;
    assert_eq!((&read["state"], &read["revision"]), (&json!("identified"), &json!(1)));
    step(&nurse, &id, "notified", json!({})).await.expect(201);
}

#[tokio::test]
async fn a_first_reading_days_after_the_notice_begins_observation() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T09:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    set_clock(&app, "2020-01-26T12:00:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    let missed = format!("/v1/duties?subject_id={id}&duty_kind=am_reading&limit=100");
    let states = async || {
        let list = nurse.get(&missed).await.expect(200).body["items"].as_array().unwrap().clone();
        list.iter().filter(|duty| duty["state"] == "missed").count()
    };
    let before = states().await;
    assert!(before >= 3, "{before}");
    let reading = json!({"case_id": id, "temperature_c": "36.5", "occurred_at": "2020-01-26T11:55:00+08:00"});
    nurse.post("/v1/temperature-readings", &reading).await.expect(201);
    assert_eq!(nurse.get(&format!("/v1/isolation-cases/{id}")).await.body["state"], "under_observation");
    assert!(states().await <= before, "what was missed stays so, once");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
