//! Random operations on a case, checked after each against a model that knows nothing of the ledger: every duty
//! stands as the readings that hold say, none is missing, none doubled, and no step went around a guard.
//! `CARE_SEED` repeats a run, `CARE_STEPS` makes it longer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Asia::Shanghai;
use lianfang::platform::access::Role;
use lianfang::rooms::duties;
use lianfang::rooms::observation::{IsolationState, IsolationTransition, legal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::isolation_cases::{case, notified, set_clock, step};
use crate::support::{Actor, TestApp};

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

struct Reading {
    path: String,
    revision: u64,
    slot: String,
    slot_on: NaiveDate,
    holds: bool,
}

impl Reading {
    fn of(reply: &crate::support::Reply) -> Self {
        let text = |name: &str| reply.body[name].as_str().unwrap().to_owned();
        Self {
            path: format!("/v1/temperature-readings/{}", text("id")),
            revision: reply.body["revision"].as_u64().unwrap(),
            slot: text("slot"),
            slot_on: text("slot_on").parse().unwrap(),
            holds: true,
        }
    }
}

#[tokio::test]
async fn duties_stand_as_the_records_say_whatever_happens() {
    let seed = option("CARE_SEED", 20_200_122);
    let mut random = StdRng::seed_from_u64(seed);
    let app = TestApp::start().await;
    let begin: DateTime<Utc> = "2020-01-22T20:00:00+08:00".parse().unwrap();
    set_clock(&app, &begin.to_rfc3339());
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    let mut readings: Vec<Reading> = Vec::new();
    let mut now = begin;
    let mut state = IsolationState::Notified;
    for round in 0..option("CARE_STEPS", 60) {
        now += TimeDelta::minutes(random.random_range(5..420));
        set_clock(&app, &now.to_rfc3339());
        let nurse = app.actor(Role::DistrictAdmin, "雨城区").await;
        match random.random_range(0..10) {
            0..=4 => measure(&nurse, &id, now, &mut random, &mut readings).await,
            5 | 6 => change(&nurse, now, &mut random, &mut readings).await,
            7 => {
                let tried = [
                    IsolationTransition::Completed,
                    IsolationTransition::LostContact,
                    IsolationTransition::UnderObservation,
                    IsolationTransition::Dismissed,
                    IsolationTransition::SuspendedReferral,
                ];
                let to = tried[random.random_range(0..tried.len())];
                let more = json!({"reason": "x", "hospital": "x", "last_seen_at": now.to_rfc3339(), "occurred_at": now.to_rfc3339()});
                let legal = legal(state).contains(&to);
                let status = step(&nurse, &id, to.code(), more).await.status;
                assert!(
                    status == 422 || (status == 201 && legal),
                    "seed {seed} round {round}: {state} to {to}: {status}"
                );
            }
            _ => duties::look_after(&app.core).await.unwrap(),
        }
        let read = nurse.get(&format!("/v1/isolation-cases/{id}")).await.expect(200).body;
        state = IsolationState::of_code(read["state"].as_str().unwrap()).unwrap();
        if state == IsolationState::Completed {
            assert!(now >= read["release_from"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), "seed {seed}");
            break;
        }
        check(&nurse, &id, now, &readings, &format!("seed {seed} round {round}")).await;
    }
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

/// A reading of the last two days, told now.
async fn measure(nurse: &Actor, id: &str, now: DateTime<Utc>, random: &mut StdRng, readings: &mut Vec<Reading>) {
    let at = now - TimeDelta::minutes(random.random_range(0..2_000));
    let tenths = random.random_range(345..385);
    let mut body = json!({"case_id": id, "temperature_c": format!("{}.{}", tenths / 10, tenths % 10), "occurred_at": at.to_rfc3339()});
    if random.random_bool(0.5) {
        body["slot"] = ["am", "pm", "extra"][random.random_range(0..3)].into();
    }
    let reply = nurse.post("/v1/temperature-readings", &body).await.expect(201);
    readings.push(Reading::of(&reply));
}

/// Voids or moves a reading.
async fn change(nurse: &Actor, now: DateTime<Utc>, random: &mut StdRng, readings: &mut [Reading]) {
    if readings.is_empty() {
        return;
    }
    let index = random.random_range(0..readings.len());
    let reading = &mut readings[index];
    if !reading.holds {
        return;
    }
    if random.random_bool(0.5) {
        nurse.post(&format!("{}:void", reading.path), &json!({"reason": "x"})).await.expect(200);
        reading.holds = false;
        return;
    }
    let at = now - TimeDelta::minutes(random.random_range(0..2_000));
    let slot = ["am", "pm", "extra"][random.random_range(0..3)];
    let patch = json!({"occurred_at": at.to_rfc3339(), "slot": slot});
    let reply = nurse.patch(&reading.path, &format!("\"{}\"", reading.revision), &patch).await;
    let taken = reply.faults().first().is_some_and(|(_, code)| code == "slot_taken");
    assert!(reply.status == 200 || taken, "{} {}", reply.status, reply.body);
    if reply.status == 200 {
        *reading = Reading::of(&reply);
    }
}

async fn check(nurse: &Actor, id: &str, now: DateTime<Utc>, readings: &[Reading], at: &str) {
    let path = format!("/v1/duties?limit=500&order=oldest&subject_id={id}");
    let duties = nurse.get(&path).await.expect(200).body["items"].as_array().unwrap().clone();
    let mut seen: BTreeMap<(String, NaiveDate), usize> = BTreeMap::new();
    let proven: BTreeSet<(&str, NaiveDate)> = readings
        .iter()
        .filter(|reading| reading.holds)
        .map(|reading| (reading.slot.as_str(), reading.slot_on))
        .collect();
    for duty in &duties {
        let slot = match duty["duty_kind"].as_str().unwrap() {
            "am_reading" => "am",
            "pm_reading" => "pm",
            _ => continue,
        };
        let opens_at: DateTime<Utc> = duty["opens_at"].as_str().unwrap().parse().unwrap();
        let due_at: DateTime<Utc> = duty["due_at"].as_str().unwrap().parse().unwrap();
        let day = opens_at.with_timezone(&Shanghai).date_naive();
        *seen.entry((slot.to_owned(), day)).or_default() += 1;
        let done = duty["state"] == "done";
        assert_eq!(done, proven.contains(&(slot, day)), "{at}: {slot} of {day}: {duty}");
        let unproven: &[&str] = if due_at <= now { &["open", "missed", "waived"] } else { &["open", "waived"] };
        assert!(done || unproven.contains(&duty["state"].as_str().unwrap()), "{at}: {duty}");
        assert_eq!(duty["proof"].is_null(), !done, "{at}: {duty}");
    }
    assert!(seen.values().all(|count| *count == 1), "{at}: doubled: {seen:?}");
    let days: Vec<NaiveDate> = seen.keys().filter(|(slot, _)| slot == "pm").map(|(_, day)| *day).collect();
    let whole = days.windows(2).all(|pair| pair[1] == pair[0].succ_opt().unwrap());
    assert!(whole, "{at}: a gap in {days:?}");
}
