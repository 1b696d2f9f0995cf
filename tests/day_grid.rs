//! A whole observation, day by day: what the grid and the duties tell of it.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::duties::{duties, states, supervised};
use crate::isolation_cases::{make, notified, set_clock, step, work};
use crate::support::{Actor, TestApp};

/// Somebody of the health centre, signed in at that time: tokens don't outlive the leaps of the clock.
async fn nurse_at(app: &TestApp, at: &str) -> Actor {
    set_clock(app, at);
    app.health_worker("八步镇").await
}

#[tokio::test]
async fn fifteen_days_are_told_exactly_by_the_grid_and_the_duties() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-22T20:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let village = app.actor(Role::VillageCadre, "八步镇").await;
    let id = notified(&nurse, supervised(1, &[("health_center", &nurse), ("village", &village)])).await;
    let read = async |name: &str, actor: &Actor, at: String, more: Json| {
        let mut body = json!({"case_id": id, "temperature_c": "36.5", "occurred_at": at});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (name.to_owned(), actor.post("/v1/temperature-readings", &body).await.expect(201).body)
    };
    let mut late_at_night = None;
    for day in 23..=36 {
        let (month, day) = if day <= 31 { (1, day) } else { (2, day - 31) };
        let on = format!("2020-{month:02}-{day:02}");
        let at = |time: &str| format!("{on}T{time}:00+08:00");
        set_clock(&app, &at("05:00"));
        work(&app).await;
        let nurse = nurse_at(&app, &at("08:10")).await;
        read("am", &nurse, at("08:00"), json!({})).await;
        if on == "2020-01-27" {
            let fever = read("fever", &nurse, at("08:05"), json!({"temperature_c": "37.9", "slot": "extra"})).await.1;
            let again = json!({"temperature_c": "37.8", "retest_of": fever["id"]});
            read("retest", &nurse, at("08:08"), again).await;
            let nurse = nurse_at(&app, &at("09:01")).await;
            step(
                &nurse,
                &id,
                "suspended_referral",
                json!({"hospital": "市人民医院", "reason": "发热", "occurred_at": at("09:00")}),
            )
            .await
            .expect(201);
            set_clock(&app, &at("09:05"));
            continue;
        }
        if on == "2020-01-28" {
            step(&nurse, &id, "under_observation", json!({"occurred_at": at("08:09")})).await.expect(201);
        }
        match on.as_str() {
            // Nobody came in the evening.
            "2020-01-25" => {}
            // Came at half past eleven.
            "2020-01-29" => {
                set_clock(&app, &at("23:40"));
                work(&app).await;
                read("late", &app.health_worker("八步镇").await, at("23:30"), json!({})).await;
            }
            // Came in time; the phone had no network until the next day.
            "2020-01-30" => late_at_night = Some(at("19:00")),
            _ => {
                let nurse = nurse_at(&app, &at("19:05")).await;
                if let Some(at) = late_at_night.take() {
                    read("offline", &nurse, at, json!({"slot": "pm"})).await;
                }
                read("pm", &nurse, at("19:00"), json!({})).await;
                if on == "2020-02-01" {
                    make(
                        &nurse,
                        "violations",
                        json!({"case_id": id, "violation_kind": "went_out", "occurred_at": at("18:00")}),
                    )
                    .await;
                    step(
                        &nurse,
                        &id,
                        "extended",
                        json!({"anchored_on": "2020-01-23", "reason": "家人新近返回", "occurred_at": at("18:30")}),
                    )
                    .await
                    .expect(201);
                }
            }
        }
    }
    set_clock(&app, "2020-02-06T05:00:00+08:00");
    work(&app).await;
    for hour in ["08", "19"] {
        set_clock(&app, &format!("2020-02-06T{hour}:01:00+08:00"));
        read("last", &app.health_worker("八步镇").await, format!("2020-02-06T{hour}:00:00+08:00"), json!({})).await;
    }
    set_clock(&app, "2020-02-07T00:10:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    let grid = nurse.get(&format!("/v1/isolation-cases/{id}/days")).await.expect(200).body;
    let days = grid["items"].as_array().unwrap();
    let told: Vec<(&str, &str)> =
        days.iter().map(|day| (day["on_day"].as_str().unwrap(), day["readings"].as_str().unwrap())).collect();
    let other: Vec<(&str, &str)> = told.iter().copied().filter(|(_, readings)| *readings != "2/2").collect();
    assert_eq!((told.len(), other), (15, vec![("2020-01-25", "1/2"), ("2020-01-27", "1/2")]));
    let day = |on: &str| days.iter().find(|day| day["on_day"] == on).unwrap();
    assert_eq!(day("2020-01-25")["pm_reading"]["state"], "missed");
    assert_eq!(
        (&day("2020-01-27")["pm_reading"]["state"], &day("2020-01-27")["pm_reading"]["waiver"]),
        (&json!("waived"), &json!("not_observed"))
    );
    assert_eq!(
        (&day("2020-01-29")["pm_reading"]["late"], &day("2020-01-29")["pm_reading"]["state"]),
        (&json!(true), &json!("done"))
    );
    let offline = &day("2020-01-30")["pm_reading"];
    assert_eq!((&offline["late"], &offline["reported_late"]), (&json!(false), &json!(true)));
    assert_eq!((&day("2020-02-01")["violations"], &day("2020-01-27")["extra_readings"]), (&json!(1), &json!(2)));
    let all = duties(&nurse, &format!("subject_id={id}")).await;
    assert_eq!(states(&all, "fever_alert"), ["done"]);
    assert_eq!(states(&all, "retest"), ["done"]);
    let refused = step(&nurse, &id, "completed", json!({"occurred_at": "2020-02-07T00:05:00+08:00"})).await.expect(422);
    assert_eq!(refused.faults(), [("/to".to_owned(), "days_unaccounted".to_owned())]);
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("2020-01-25"), "{}", refused.body);
    let missed = all.iter().find(|duty| duty["duty_kind"] == "pm_reading" && duty["state"] == "missed").unwrap();
    let waive = format!("/v1/duties/{}:waive", missed["id"].as_str().unwrap());
    let explained = nurse.post(&waive, &json!({"reason": "停电,护士被困"})).await.expect(200).body;
    assert_eq!((&explained["state"], &explained["explained"]), (&json!("missed"), &json!(true)), "a fact stays one");
    step(&nurse, &id, "completed", json!({"occurred_at": "2020-02-07T00:05:00+08:00"})).await.expect(201);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
