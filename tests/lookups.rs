//! At the gate: looking somebody up, searching passages, tallies, and what counts as fever.

use chrono::TimeDelta;
use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::support::{TestApp, examples, fake_resident_id};

#[tokio::test]
async fn somebody_registered_elsewhere_is_only_measured_here() {
    let app = TestApp::start().await;
    let (here, there) = (app.gate_guard("大兴街道").await, app.actor(Role::VillageCadre, "八步镇").await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let body = json!({"name": "赵六", "document_number": fake_resident_id(7), "area_code": "511802114"});
    let person = there.post("/v1/people", &body).await.expect(201).body["id"].clone();
    let passage = json!({"place_id": place, "direction": "in", "person_id": person, "temperature_c": "36.4", "answers": ["none"]});
    let unknown = here.post("/v1/screenings", &passage).await.expect(422);
    assert_eq!(unknown.faults(), [("/person_id".to_owned(), "unknown_reference".to_owned())]);
    let found = here.post("/v1/screenings:lookup", &json!({"document_number": fake_resident_id(7)})).await.expect(200);
    assert_eq!(found.body["items"], json!([{"person_id": person, "name": "赵*", "needs_attention": false}]));
    let path = here.post("/v1/screenings", &passage).await.expect(201).header("location").to_owned();
    here.get(&format!("/v1/people/{}", person.as_str().unwrap())).await.expect(404);
    app.core.clock.shift(TimeDelta::hours(25));
    let here = app.gate_guard("大兴街道").await;
    here.patch(&path, "\"1\"", &json!({"temperature_c": "37.3"})).await.expect(200);
    here.post("/v1/screenings", &passage).await.expect(422);
    let again = here.post("/v1/screenings:lookup", &json!({"document_number": fake_resident_id(7)})).await.expect(200);
    assert_eq!(again.body["items"][0]["needs_attention"], true, "the last passage was abnormal");
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let log = auditor.get(&format!("/v1/people/{}/access-log", person.as_str().unwrap())).await.expect(200).body;
    assert_eq!(log["items"][0]["verb"], "screenings.lookup");
}

#[tokio::test]
async fn a_plate_names_who_came_with_it_and_numbers_can_not_be_tried_out() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let now = app.core.clock.now().to_rfc3339();
    for sequence in [1, 2] {
        let mut body = examples::screening(&place, sequence);
        body["occurred_at"] = now.clone().into();
        body["vehicle"] = json!({"plate_number": "川t·12345"});
        body["pass_group_id"] = "0198c0de-0007-7000-8000-000000000001".into();
        guard.post("/v1/screenings", &body).await.expect(201);
    }
    let found = guard.post("/v1/screenings:lookup", &json!({"plate_number": "川T12345"})).await.expect(200).body;
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    let car = guard.get("/v1/screenings?pass_group_id=0198c0de-0007-7000-8000-000000000001").await.expect(200).body;
    assert_eq!(car["items"].as_array().unwrap().len(), 2);
    let search = async |body: Json| {
        guard.post("/v1/screenings:search", &body).await.expect(200).body["items"].as_array().unwrap().len()
    };
    assert_eq!(search(json!({"plate_number": "川T 12345"})).await, 2);
    assert_eq!(search(json!({"plate_number": "川T12346"})).await, 0);
    let sent = examples::screening(&place, 1)["person"]["document_number"].clone();
    assert_eq!(search(json!({"document_number": sent})).await, 1);
    assert_eq!(search(json!({"person_id": found["items"][0]["person_id"]})).await, 1);
    assert_eq!(search(json!({"plate_number": "川T12345", "to": "2019-01-01T00:00:00Z"})).await, 0);
    let first =
        guard.post("/v1/screenings:search", &json!({"plate_number": "川T12345", "limit": 1})).await.expect(200).body;
    assert_eq!(search(json!({"plate_number": "川T12345", "limit": 1, "cursor": first["next_cursor"]})).await, 1);
    let other = json!({"plate_number": "川T12346", "limit": 1, "cursor": first["next_cursor"]});
    assert_eq!(guard.post("/v1/screenings:search", &other).await.expect(400).code(), "bad_cursor");
    let mut last = 200;
    for number in 0..60_u32 {
        // Strangers, whose numbers have little in common.
        let document = fake_resident_id(number.wrapping_mul(2_654_435_761) % 20_000_000);
        last = guard.post("/v1/screenings:lookup", &json!({"document_number": document})).await.status;
    }
    assert_eq!(last, 429);
    let refused =
        guard.post("/v1/screenings:lookup", &json!({"document_number": fake_resident_id(1)})).await.expect(429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 61);
}

#[tokio::test]
async fn tallies_are_counts_and_nothing_else() {
    let app = TestApp::start().await;
    let volunteer = app.actor(Role::Volunteer, "大兴街道").await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut body = examples::of_kind("gate_tallies");
    body["place_id"] = place.clone().into();
    let created = volunteer.post("/v1/gate-tallies", &body).await.expect(201);
    assert_eq!(created.body["measured"], 312);
    let bad = json!({"place_id": place, "period_starts_at": "2020-02-02T08:00:00+08:00", "period_ends_at": "2020-02-04T08:00:00+08:00", "measured": 1, "abnormal": 2});
    let faults = volunteer.post("/v1/gate-tallies", &bad).await.expect(422).faults();
    assert_eq!(
        faults,
        [
            ("/abnormal".to_owned(), "out_of_range".to_owned()),
            ("/period_ends_at".to_owned(), "period_too_long".to_owned())
        ]
    );
    let patch = json!({"measured": 300});
    volunteer.patch(created.header("location"), "\"1\"", &patch).await.expect(200);
    let kept = app
        .rows("SELECT measure, total::bigint AS total FROM record_rollups WHERE kind = 'gate_tallies' AND total <> 0 ORDER BY measure")
        .await;
    let kept: Vec<(String, i64)> =
        kept.into_iter().map(|mut row| (row.text("measure").unwrap(), row.integer("total").unwrap())).collect();
    assert_eq!(
        kept,
        [("tallied".to_owned(), 300), ("tallied_abnormal".to_owned(), 1), ("tallied_vehicles".to_owned(), 40)]
    );
    assert!(app.rows("SELECT total FROM record_rollups WHERE kind = 'screenings'").await.is_empty());
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_tally_counts_on_the_day_of_its_period_whenever_it_is_sent() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&app.administrator().await, "511802005").await;
    let send = async |from: &str, to: &str| {
        let body =
            json!({"place_id": place, "period_starts_at": from, "period_ends_at": to, "measured": 5, "abnormal": 0});
        guard.post("/v1/gate-tallies", &body).await.expect(201).body["occurred_at"].clone()
    };
    let evening = send("2020-02-02T18:00:00+08:00", "2020-02-02T23:30:00+08:00").await;
    assert_eq!(evening, "2020-02-02T23:30:00+08:00");
    let until_midnight = send("2020-02-02T18:00:00+08:00", "2020-02-03T00:00:00+08:00").await;
    assert_eq!(until_midnight, "2020-02-02T23:59:59+08:00");
    let figures = guard.get("/v1/gate-tallies?from_on=2020-02-02&to_on=2020-02-02").await.expect(200).body;
    assert_eq!(figures["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_counts_as_fever_is_given_by_day_and_area() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let seeded = admin.get("/v1/observation-policies").await.expect(200).body["items"].clone();
    assert_eq!(
        (&seeded[0]["fever_c"], &seeded[0]["observation_days"], &seeded[0]["area_code"]),
        (&json!("37.3"), &json!(14), &Json::Null)
    );
    let abnormal = async |day: &str, temperature: &str| {
        let body = json!({"place_id": place, "direction": "in", "temperature_c": temperature, "occurred_at": format!("{day}T08:00:00+08:00")});
        admin.post("/v1/screenings", &body).await.expect(201).body["abnormal"].as_bool().unwrap()
    };
    assert!(!abnormal("2020-02-02", "37.2").await && abnormal("2020-02-02", "37.3").await);
    let policy = json!({"area_code": "511802", "effective_on": "2020-02-10", "observation_days": 14, "fever_c": "37.0", "retest_below_c": "35.0", "source": "区指7号"});
    admin.post("/v1/observation-policies", &policy).await.expect(201);
    assert!(abnormal("2020-02-10", "37.0").await && !abnormal("2020-02-09", "37.0").await);
    app.actor(Role::CdcOfficer, "大兴街道").await.post("/v1/observation-policies", &policy).await.expect(403);
    let mut wrong = policy.clone();
    wrong["fever_c"] = "50".into();
    wrong["area_code"] = "511899".into();
    assert_eq!(admin.post("/v1/observation-policies", &wrong).await.expect(422).faults()[0].0, "/fever_c");
}
