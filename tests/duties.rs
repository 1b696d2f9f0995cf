//! Duties: made ahead, proven, missed, escalated, waived, handed over.

use lianfang::platform::access::Role;
use lianfang::rooms::duties;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{case, make, notified, set_clock, step, work};
use crate::support::{Actor, TestApp};

/// The duties of a case by kind and day of opening; what is about no day comes under its kind alone.
pub async fn duties(actor: &Actor, query: &str) -> Vec<Json> {
    actor.get(&format!("/v1/duties?limit=500&order=oldest&{query}")).await.expect(200).body["items"]
        .as_array()
        .unwrap()
        .clone()
}

pub fn states(duties: &[Json], kind: &str) -> Vec<String> {
    let of_kind = duties.iter().filter(|duty| duty["duty_kind"] == kind);
    of_kind.map(|duty| duty["state"].as_str().unwrap().to_owned()).collect()
}

/// Case with the accounts of two of its supervisors.
pub fn supervised(sequence: u32, accounts: &[(&str, &Actor)]) -> Json {
    let levels = ["town", "village", "group", "health_center", "police_station"];
    let supervisor = |level: &&str| {
        let account = accounts.iter().find(|(own, _)| own == level).map(|(_, actor)| actor.id);
        json!({"level": level, "name": "某某", "user_id": account})
    };
    case(sequence, json!({"supervisors": levels.iter().map(supervisor).collect::<Vec<_>>()}))
}

#[tokio::test]
async fn what_is_due_and_unproven_is_missed_and_goes_one_level_up() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let (nurse, town) = (app.health_worker("八步镇").await, app.town_cadre("八步镇").await);
    let village = app.actor(Role::VillageCadre, "八步镇").await;
    let id =
        notified(&nurse, supervised(1, &[("health_center", &nurse), ("village", &village), ("town", &town)])).await;
    let mine = duties(&village, "assignee=me&state=open").await;
    assert!(!mine.is_empty() && mine.iter().all(|duty| duty["line"] == "village"), "{mine:?}");
    set_clock(&app, "2020-01-23T22:30:00+08:00");
    work(&app).await;
    let (nurse, village) = (app.health_worker("八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let missed = duties(&nurse, "state=missed&from_on=2020-01-23&to_on=2020-01-23").await;
    let kinds: Vec<&str> = missed.iter().map(|duty| duty["duty_kind"].as_str().unwrap()).collect();
    assert_eq!(missed.len(), 6, "{kinds:?}");
    let check = missed.iter().find(|duty| duty["duty_kind"] == "village_check").unwrap();
    assert_eq!((&check["escalated_to"], &check["escalated_to_id"]), (&json!("town"), &json!(town.id)));
    let summary = nurse.get("/v1/duties/summary?by=line&from_on=2020-01-23").await.expect(200).body;
    assert_eq!(summary["total"]["missed"], 6, "{summary}");
    let line = |key: &str| summary["items"].as_array().unwrap().iter().find(|item| item["key"] == key).unwrap().clone();
    assert_eq!((&line("health_center")["missed"], &line("village")["missed"]), (&json!(2), &json!(1)));
    let behind = nurse.get(line("village")["missed_url"].as_str().unwrap()).await.expect(200).body;
    assert_eq!(behind["items"][0]["id"], check["id"]);
    for by in ["kind", "area", "org"] {
        let other = nurse.get(&format!("/v1/duties/summary?by={by}&from_on=2020-01-23")).await.expect(200).body;
        assert_eq!(other["total"], summary["total"], "{by}");
    }
    // An errand asked for in time and told too late: done, and known to have been told late. A void reopens.
    let errand = json!({"case_id": id, "state": "nothing_needed", "occurred_at": "2020-01-23T15:00:00+08:00"});
    let errand = make(&village, "errands", errand).await;
    let path = format!("/v1/duties/{}", check["id"].as_str().unwrap());
    let done = village.get(&path).await.body;
    assert_eq!(
        (&done["state"], &done["reported_late"], &done["proof"]["id"]),
        (&json!("done"), &json!(true), &json!(errand))
    );
    village.post(&format!("/v1/errands/{errand}:void"), &json!({"reason": "录错"})).await.expect(200);
    let reopened = village.get(&path).await.body;
    assert_eq!((&reopened["state"], &reopened["proof"]), (&json!("missed"), &Json::Null));
    // Moved from the day before, a proof closes this day's duty.
    let visit =
        json!({"case_id": id, "line": "village", "health_status": "well", "occurred_at": "2020-01-22T23:00:00+08:00"});
    let visit = village.post("/v1/follow-up-visits", &visit).await.expect(201);
    assert_eq!(village.get(&path).await.body["state"], "missed");
    let moved = json!({"occurred_at": "2020-01-23T10:00:00+08:00"});
    village.patch(visit.header("location"), "\"1\"", &moved).await.expect(200);
    assert_eq!(village.get(&path).await.body["state"], "done");
}

#[tokio::test]
async fn the_generator_makes_the_same_rows_however_often_and_wherever_it_runs() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let other = app.another().await;
    set_clock(&other, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    for sequence in 1..=5 {
        notified(&nurse, case(sequence, json!({}))).await;
    }
    let rows = async || {
        let rows = app.rows("SELECT id, duty_kind, opens_at, due_at FROM duties ORDER BY id").await;
        rows.into_iter()
            .map(|mut row| (row.id("id").unwrap(), row.text("duty_kind").unwrap(), row.instant("opens_at").unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows().await.len(), 5 * (2 * 6 + 1), "today, tomorrow, the notice");
    set_clock(&app, "2020-01-24T05:00:00+08:00");
    set_clock(&other, "2020-01-24T05:00:00+08:00");
    for _ in 0..5 {
        let both = tokio::join!(duties::look_after(&app.core), duties::look_after(&other.core));
        both.0.unwrap();
        both.1.unwrap();
    }
    let planned = rows().await;
    assert_eq!(planned.len(), 5 * (3 * 6 + 1));
    // Days that nobody planned are made up for: no gap.
    set_clock(&app, "2020-01-28T05:00:00+08:00");
    work(&app).await;
    let later = rows().await;
    let police = later.iter().filter(|(_, kind, _)| kind == "police_check").count();
    let readings = later.iter().filter(|(_, kind, _)| kind == "am_reading").count();
    assert_eq!((readings, police), (5 * 7, 5 * 5), "a random time that nobody drew can't be made up for");
    assert!(planned.iter().all(|row| later.contains(row)), "what was announced stays");
    let drawn: std::collections::BTreeSet<_> =
        later.iter().filter(|(_, kind, _)| kind == "police_check").map(|(_, _, at)| at.time()).collect();
    assert!(drawn.len() > 15, "unpredictable");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn one_process_holds_the_lease() {
    let app = TestApp::start().await;
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    app.sql(&format!(
        "INSERT INTO worker_leases VALUES ('duties', '{one}', now() + interval '1 hour') \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until"
    ))
    .await;
    let holder = async || {
        app.rows("SELECT holder FROM worker_leases WHERE name = 'duties'").await.remove(0).id("holder").unwrap()
    };
    duties::work_once(&app.core, two).await.unwrap();
    assert_eq!(holder().await, one);
    app.sql("UPDATE worker_leases SET held_until = now() - interval '1 second' WHERE name = 'duties'").await;
    duties::work_once(&app.core, two).await.unwrap();
    // The service's own worker may have been quicker.
    assert_ne!(holder().await, one);
}

#[tokio::test]
async fn alerts_open_a_duty_for_somebody_and_close_by_proof() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T07:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let bare = case(1, json!({"supervisors": []}));
    let id = make(&nurse, "isolation-cases", bare).await;
    let of_case = format!("subject_id={id}");
    let open = async |actor: &Actor, kind: &str| states(&duties(actor, &of_case).await, kind);
    assert_eq!(open(&nurse, "notice_signing").await, ["open"]);
    assert_eq!(open(&nurse, "supervisor_assignment").await, ["open"]);
    make(&nurse, "observation-notices", json!({"case_id": id, "signed_on": "2020-01-23", "issued_by": "卫生院"})).await;
    assert_eq!(open(&nurse, "notice_signing").await, ["done"]);
    set_clock(&app, "2020-01-24T07:01:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    assert_eq!(open(&nurse, "supervisor_assignment").await, ["missed"]);
    let five = supervised(1, &[("health_center", &nurse)])["supervisors"].clone();
    nurse.patch(&format!("/v1/isolation-cases/{id}"), "\"1\"", &json!({"supervisors": five})).await.expect(200);
    assert_eq!(open(&nurse, "supervisor_assignment").await, ["done"]);
    step(&nurse, &id, "notified", json!({})).await.expect(201);
    let symptom = json!({"case_id": id, "temperature_c": "36.5", "symptoms": ["cough"], "occurred_at": "2020-01-24T07:00:30+08:00"});
    let reading = nurse.post("/v1/temperature-readings", &symptom).await.expect(201);
    let all = duties(&nurse, &of_case).await;
    let alert = all.iter().find(|duty| duty["duty_kind"] == "symptom_alert").unwrap();
    assert_eq!((&alert["assignee_id"], &alert["cause_id"]), (&json!(nurse.id), &reading.body["id"]));
    nurse.patch(reading.header("location"), "\"1\"", &json!({"symptoms": ["none"]})).await.expect(200);
    assert_eq!(open(&nurse, "symptom_alert").await, ["waived"]);
    // Asked for, bought, delivered: by the errand itself.
    let village = app.actor(Role::VillageCadre, "八步镇").await;
    let errand = village.post("/v1/errands", &json!({"case_id": id, "items": ["大米"]})).await.expect(201);
    assert_eq!(open(&nurse, "errand_delivery").await, ["open"]);
    village
        .patch(errand.header("location"), "\"1\"", &json!({"state": "delivered", "cost_cny": "62.50"}))
        .await
        .expect(200);
    assert_eq!(open(&nurse, "errand_delivery").await, ["done"]);
    // A day without anybody: somebody asks, and any contact answers.
    set_clock(&app, "2020-01-25T07:30:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    assert_eq!(open(&nurse, "no_contact_alert").await, ["open"]);
    work(&app).await;
    assert_eq!(open(&nurse, "no_contact_alert").await, ["open"], "once");
    nurse.post("/v1/temperature-readings", &json!({"case_id": id, "temperature_c": "36.4"})).await.expect(201);
    assert_eq!(open(&nurse, "no_contact_alert").await, ["done"]);
}
