//! States of cases as of a past day: whatever is told later, and however, the figures of each day are what the
//! steps say, and lead to as many cases. `STATES_SEED` repeats a run, `STATES_STEPS` makes it longer.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, FixedOffset, NaiveDate};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

use crate::figures::value;
use crate::figures_situation::all;
use crate::isolation_cases::{case, make, notified, set_clock, step};
use crate::support::{Actor, TestApp, fake_resident_id};

const STATES: [&str; 11] = [
    "identified",
    "notified",
    "under_observation",
    "suspended_referral",
    "lost_contact",
    "completed",
    "dismissed",
    "became_case",
    "centralized",
    "transferred_out",
    "merged",
];

/// The figures until a day; each with as many cases behind it.
async fn until(admin: &Actor, day: &str) -> BTreeMap<String, i64> {
    let body = admin.get(&format!("/v1/stats/isolation-cases?cumulative=true&to_on={day}")).await.expect(200).body;
    let mut told = BTreeMap::new();
    for name in ["isolation_cases"].iter().chain(&STATES) {
        let url = body["total"][*name]["records_url"].as_str().unwrap();
        let count = value(&body["total"], name);
        assert_eq!(all(admin, url).await.len() as i64, count, "{name}: {url}");
        told.extend((count != 0).then(|| ((*name).to_owned(), count)));
    }
    told
}

fn counts<const N: usize>(counts: [(&str, i64); N]) -> BTreeMap<String, i64> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

async fn verify(app: &TestApp) {
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn what_happens_later_leaves_a_past_day_as_it_was() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-12T12:00:00+08:00");
    let admin = app.administrator().await;
    let at = |day: &str| format!("2020-02-{day}T09:00:00+08:00");
    let one = make(&admin, "isolation-cases", case(1, json!({"occurred_at": at("01")}))).await;
    make(&admin, "isolation-cases", case(2, json!({"occurred_at": at("02")}))).await;
    let before = counts([("isolation_cases", 2), ("identified", 2)]);
    assert_eq!(until(&admin, "2020-02-02").await, before);
    let dismissed =
        step(&admin, &one, "dismissed", json!({"reason": "不属实", "occurred_at": at("10")})).await.expect(201).body;
    assert_eq!(until(&admin, "2020-02-02").await, before, "as it was then");
    let after = counts([("isolation_cases", 2), ("identified", 1), ("dismissed", 1)]);
    assert_eq!((until(&admin, "2020-02-09").await, until(&admin, "2020-02-10").await), (before.clone(), after.clone()));
    let day = admin.get("/v1/stats/isolation-cases?from_on=2020-02-10").await.expect(200).body;
    assert_eq!((value(&day["total"], "identified"), value(&day["total"], "dismissed")), (-1, 1));
    assert!(day["total"]["dismissed"]["records_url"].is_null(), "no list proves by how many they became more");
    // It was the fifth after all.
    let path = format!("/v1/isolation-case-transitions/{}", dismissed["id"].as_str().unwrap());
    admin.patch(&path, "\"1\"", &json!({"occurred_at": at("05")})).await.expect(200);
    assert_eq!((until(&admin, "2020-02-04").await, until(&admin, "2020-02-05").await), (before, after.clone()));
    let read = admin.get(&format!("/v1/isolation-cases/{one}")).await.expect(200).body;
    assert_eq!(
        read["state_history"],
        json!([{"state": "dismissed", "since_at": read["state_history"][0]["since_at"], "transition_id": dismissed["id"]}])
    );
    // Another area, from now on: its past stays where it was. Then a mistake: the case and all its steps go.
    let tag = format!("\"{}\"", read["revision"]);
    admin.patch(&format!("/v1/isolation-cases/{one}"), &tag, &json!({"area_code": "511802005"})).await.expect(200);
    let here = async |day: &str| {
        let path = format!("/v1/stats/isolation-cases?cumulative=true&to_on={day}&area_code=511802005");
        let total = admin.get(&path).await.body["total"].clone();
        (value(&total, "identified"), value(&total, "dismissed"))
    };
    assert_eq!((here("2020-02-11").await, here("2020-02-12").await), ((0, 0), (0, 1)));
    verify(&app).await;
    admin.post(&format!("/v1/isolation-cases/{one}:void"), &json!({"reason": "误报"})).await.expect(200);
    assert_eq!(until(&admin, "2020-02-10").await, counts([("isolation_cases", 1), ("identified", 1)]));
    verify(&app).await;
}

#[tokio::test]
async fn the_first_reading_moves_a_case_on_its_own_day_and_an_earlier_releases_steps_are_recalled() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let nurse = app.administrator().await;
    let id = notified(&nurse, case(1, json!({"occurred_at": "2020-02-02T09:00:00+08:00"}))).await;
    set_clock(&app, "2020-02-08T12:00:00+08:00");
    let nurse = app.administrator().await;
    let reading = json!({"case_id": id, "temperature_c": "36.5", "occurred_at": "2020-02-05T08:00:00+08:00"});
    make(&nurse, "temperature-readings", reading).await;
    let days = [
        ("2020-02-02", "identified"),
        ("2020-02-03", "notified"),
        ("2020-02-04", "notified"),
        ("2020-02-05", "under_observation"),
    ];
    let check = async || {
        for (day, state) in days {
            assert_eq!(until(&nurse, day).await, counts([("isolation_cases", 1), (state, 1)]), "{day}");
        }
    };
    check().await;
    verify(&app).await;
    app.sql("UPDATE isolation_cases SET state_history = NULL; UPDATE service_settings SET value = '2' WHERE name = 'figures'").await;
    lianfang::integrity::recount::where_needed(&app.core, &lianfang::server::routes::BEFORE_RECOUNT).await.unwrap();
    check().await;
}

/// Record as it was told, with its steps in the order in which they were told.
struct Told {
    id: String,
    holds: bool,
    occurred_at: DateTime<FixedOffset>,
    steps: Vec<(String, &'static str, DateTime<FixedOffset>)>,
}

impl Told {
    fn state(&self, day: NaiveDate) -> Option<&'static str> {
        let mut earliest = self.occurred_at;
        let mut state = (earliest.date_naive() <= day).then_some("identified");
        for (_, to, at) in &self.steps {
            earliest = earliest.max(*at);
            if earliest.date_naive() <= day {
                state = Some(to);
            }
        }
        state.filter(|_| self.holds)
    }
}

/// A time of the first days of February, often near midnight.
fn instant(random: &mut StdRng) -> DateTime<FixedOffset> {
    let day = NaiveDate::from_ymd_opt(2020, 2, 1).unwrap() + Days::new(random.random_range(0..12));
    let hour = [0, 8, 23][random.random_range(0..3)];
    format!("{day}T{hour:02}:{:02}:00+08:00", random.random_range(0..60)).parse().unwrap()
}

#[tokio::test]
async fn the_steps_counted_from_the_lists_give_the_states_of_every_day() {
    let option =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let seed = option("STATES_SEED", 20_200_202);
    let mut random = StdRng::seed_from_u64(seed);
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-20T12:00:00+08:00");
    let admin = app.administrator().await;
    let (mut cases, mut imports): (Vec<Told>, Vec<(String, Vec<String>)>) = (Vec::new(), Vec::new());
    for number in 0..option("STATES_STEPS", 90) as u32 {
        let at = instant(&mut random);
        match random.random_range(0..12) {
            0..=2 => {
                let id = make(&admin, "isolation-cases", case(number, json!({"occurred_at": at}))).await;
                cases.push(Told { id, holds: true, occurred_at: at, steps: Vec::new() });
            }
            3 => {
                let mut file = String::new();
                for row in 0..3 {
                    let mut body = case(1_000 + number * 3 + row, json!({"occurred_at": at}));
                    body["person"]["document_number"] = fake_resident_id(1_000 + number * 3 + row).into();
                    file.push_str(&format!("{body}\n"));
                }
                let upload = admin.with("content-type", "application/x-ndjson");
                let import =
                    upload.upload("/v1/imports?kind=isolation_cases", file.into_bytes()).await.expect(200).body;
                assert_eq!(import["counts"]["created"], 3, "{import}");
                let known = |id: &str| cases.iter().any(|told| told.id == id);
                let ids: Vec<String> = all(&admin, "/v1/isolation-cases")
                    .await
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned())
                    .filter(|id| !known(id))
                    .collect();
                cases.extend(ids.iter().map(|id| Told {
                    id: id.clone(),
                    holds: true,
                    occurred_at: at,
                    steps: Vec::new(),
                }));
                imports.push((import["id"].as_str().unwrap().to_owned(), ids));
            }
            4 => {
                let Some((id, ids)) = imports.pop() else { continue };
                let undone = admin.post(&format!("/v1/imports/{id}:undo"), &json!({})).await.expect(200).body;
                for told in cases.iter_mut().filter(|told| ids.contains(&told.id)) {
                    let read = admin.get(&format!("/v1/isolation-cases/{}", told.id)).await.expect(200).body;
                    told.holds = read["voided_at"].is_null();
                }
                assert!(undone["state"] == "undone", "{undone}");
            }
            action => {
                let standing: Vec<usize> = (0..cases.len()).filter(|index| cases[*index].holds).collect();
                if standing.is_empty() {
                    continue;
                }
                let told = &mut cases[standing[random.random_range(0..standing.len())]];
                let path = format!("/v1/isolation-cases/{}", told.id);
                let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
                match action {
                    5 => {
                        // Records that ended are not amended any more.
                        let last = told.steps.last().map_or("identified", |(_, to, _)| *to);
                        let ended = ["dismissed", "became_case", "centralized"].contains(&last);
                        let patched = admin.patch(&path, &tag, &json!({"occurred_at": at})).await;
                        if ended && told.occurred_at != at {
                            assert_eq!(patched.expect(422).faults()[0].1, "case_closed");
                            continue;
                        }
                        patched.expect(200);
                        told.occurred_at = at;
                    }
                    6 if random.random_bool(0.3) => {
                        admin.post(&format!("{path}:void"), &json!({"reason": "误报"})).await.expect(200);
                        told.holds = false;
                    }
                    7 if !told.steps.is_empty() => {
                        let index = random.random_range(0..told.steps.len());
                        let step = format!("/v1/isolation-case-transitions/{}", told.steps[index].0);
                        let tag = admin.get(&step).await.expect(200).header("etag").to_owned();
                        admin.patch(&step, &tag, &json!({"occurred_at": at})).await.expect(200);
                        told.steps[index].2 = at;
                    }
                    _ => step_on(&admin, told, at, &mut random).await,
                }
            }
        }
    }
    assert!(cases.iter().any(|told| told.steps.len() > 2 && told.holds), "seed {seed}");
    for day in NaiveDate::from_ymd_opt(2020, 1, 31).unwrap().iter_days().take(14) {
        let mut expected: BTreeMap<String, i64> = BTreeMap::new();
        for state in cases.iter().filter_map(|told| told.state(day)) {
            *expected.entry(state.to_owned()).or_default() += 1;
            *expected.entry("isolation_cases".to_owned()).or_default() += 1;
        }
        assert_eq!(until(&admin, &day.to_string()).await, expected, "seed {seed}: {day}");
    }
    verify(&app).await;
    app.sql("DELETE FROM record_rollups; UPDATE service_settings SET value = '2' WHERE name = 'figures'").await;
    lianfang::integrity::recount::where_needed(&app.core, &lianfang::server::routes::BEFORE_RECOUNT).await.unwrap();
    verify(&app).await;
}

/// The next step of a case, whatever time it is said to have happened at.
async fn step_on(admin: &Actor, told: &mut Told, at: DateTime<FixedOffset>, random: &mut StdRng) {
    let last = told.steps.last().map_or("identified", |(_, to, _)| *to);
    let (to, change): (&'static str, Json) = match (last, random.random_range(0..3)) {
        ("identified", 0) => ("dismissed", json!({"reason": "不属实"})),
        ("identified", _) => {
            make(
                admin,
                "observation-notices",
                json!({"case_id": told.id, "signed_on": "2020-02-01", "issued_by": "卫生院"}),
            )
            .await;
            ("notified", json!({}))
        }
        ("notified" | "lost_contact", _) => ("under_observation", json!({})),
        ("suspended_referral", 0) => ("became_case", json!({"reason": "确诊", "diagnosis_class": "confirmed"})),
        ("suspended_referral", _) => ("under_observation", json!({})),
        ("under_observation", 0) => ("suspended_referral", json!({"reason": "发热", "hospital": "区医院"})),
        ("under_observation", 1) => ("lost_contact", json!({"reason": "失联", "last_seen_at": at})),
        ("under_observation", _) => ("centralized", json!({"reason": "集中"})),
        _ => return,
    };
    let mut body = change;
    body["occurred_at"] = json!(at);
    let made = step(admin, &told.id, to, body).await.expect(201).body;
    told.steps.push((made["id"].as_str().unwrap().to_owned(), to, at));
}
