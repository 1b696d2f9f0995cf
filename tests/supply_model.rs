//! Random reports, amendments, voids, plannings and midnights over ten days, in any order: at the end, and on the way,
//! every store's duty stands as one settling from scratch of the reports that hold would say. `SUPPLY_SEED` repeats a
//! run, `SUPPLY_STEPS` makes it longer.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Asia::Shanghai;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::duties::duties;
use crate::isolation_cases::{set_clock, work};
use crate::supply::{report, store};
use crate::support::{Actor, TestApp};

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A report that holds: its path, its revision.
type Reports = BTreeMap<(String, NaiveDate), (String, u64)>;

#[tokio::test]
async fn duties_of_stores_stand_as_the_reports_say_in_whatever_order_they_come() {
    let seed = option("SUPPLY_SEED", 20_200_127);
    let mut random = StdRng::seed_from_u64(seed);
    let app = TestApp::start().await;
    let begin: DateTime<Utc> = "2020-01-25T07:00:00+08:00".parse().unwrap();
    set_clock(&app, &begin.to_rfc3339());
    let first = begin.with_timezone(&Shanghai).date_naive();
    let admin = app.administrator().await;
    let stores = [store(&admin, "甲超市").await, store(&admin, "乙超市").await];
    let mut reports = Reports::new();
    let mut now = begin;
    for round in 0..option("SUPPLY_STEPS", 90) {
        now += TimeDelta::minutes(random.random_range(1..320));
        set_clock(&app, &now.to_rfc3339());
        let admin = app.administrator().await;
        let today = now.with_timezone(&Shanghai).date_naive();
        let place = &stores[random.random_range(0..stores.len())];
        let back = random.random_range(0..4).min(u64::try_from((today - first).num_days()).unwrap());
        let day = today.checked_sub_days(Days::new(back)).unwrap();
        match random.random_range(0..10) {
            0..=4 => tell(&admin, place, day, &mut reports).await,
            5 => take_back(&admin, &mut random, &mut reports).await,
            6 => amend(&admin, &mut random, &mut reports).await,
            _ => work(&app).await,
        }
        check(&admin, &reports, now, &format!("seed {seed} round {round}")).await;
    }
    work(&app).await;
    check(&app.administrator().await, &reports, now, &format!("seed {seed}, at the end")).await;
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

async fn tell(admin: &Actor, place: &str, day: NaiveDate, reports: &mut Reports) {
    let body = report(place, &day.to_string(), &[("meat_beef", "40")]);
    let reply = admin.post("/v1/supply-reports", &body).await;
    let key = (place.to_owned(), day);
    match reports.entry(key) {
        Entry::Occupied(_) => drop(reply.expect(409)),
        Entry::Vacant(free) => {
            let reply = reply.expect(201);
            free.insert((reply.header("location").to_owned(), 1));
        }
    }
}

fn one_of(random: &mut StdRng, reports: &Reports) -> Option<(String, NaiveDate)> {
    let keys: Vec<_> = reports.keys().cloned().collect();
    (!keys.is_empty()).then(|| keys[random.random_range(0..keys.len())].clone())
}

async fn take_back(admin: &Actor, random: &mut StdRng, reports: &mut Reports) {
    let Some(key) = one_of(random, reports) else { return };
    let (path, _) = reports.remove(&key).unwrap();
    admin.post(&format!("{path}:void"), &json!({"reason": "填错"})).await.expect(200);
}

async fn amend(admin: &Actor, random: &mut StdRng, reports: &mut Reports) {
    let Some(key) = one_of(random, reports) else { return };
    let (path, revision) = reports.get_mut(&key).unwrap();
    let price = format!("{}.00", random.random_range(30..60));
    let lines = json!({"lines": [{"commodity": "meat_beef", "retail_price": price, "price_unit": "元/500克"}]});
    let reply = admin.patch(path, &format!("\"{revision}\""), &lines).await.expect(200);
    *revision = reply.body["revision"].as_u64().unwrap();
}

/// Every duty against the model: what was told is done, what is over and untold missed, all else open.
async fn check(admin: &Actor, reports: &Reports, now: DateTime<Utc>, at: &str) {
    let mut seen = BTreeSet::new();
    for duty in duties(admin, "duty_kind=supply_report").await {
        let instant = |name: &str| duty[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        let day = instant("opens_at").with_timezone(&Shanghai).date_naive();
        let key = (duty["subject_id"].as_str().unwrap().to_owned(), day);
        let report = reports.get(&key).map(|(path, _)| path.rsplit('/').next().unwrap());
        let over = instant("due_at") <= now;
        let allowed: &[&str] = match (report, over) {
            (Some(_), _) => &["done"],
            // The worker notes it at its next look.
            (None, true) => &["missed", "open"],
            (None, false) => &["open"],
        };
        assert!(allowed.contains(&duty["state"].as_str().unwrap()), "{at}: {day}: {duty}");
        assert_eq!(duty["proof"]["id"].as_str(), report, "{at}: {day}");
        assert!(seen.insert(key), "{at}: doubled: {duty}");
    }
}
