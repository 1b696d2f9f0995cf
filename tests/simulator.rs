//! Hundreds of phones on a bad network: lost answers, deliveries doubled and swapped, clocks off by
//! days, apps killed amid a push, workers moved and one deactivated. At the end every phone and the
//! server agree, and nothing is lost or doubled. `SIM_SEED`, `SIM_WORKERS`, `SIM_STEPS` make it longer.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::phone::{Chance, Phone};
use crate::support::{Actor, TestApp, examples};

const AREAS: [&str; 3] = ["511802005", "511802114", "511802001"];
const PHONES_PER_WORKER: usize = 10;

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn live(app: &TestApp, admin: &Actor, places: &[String], mut phone: Phone, steps: u64) -> Phone {
    for _ in 0..steps {
        match phone.chance.below(10) {
            0..=4 => {
                for _ in 0..=phone.chance.below(4) {
                    phone.capture(&places[phone.area]);
                }
            }
            5..=6 => phone.change(),
            7 => phone.push(true).await,
            8 => phone.pull(true).await,
            _ if phone.chance.one_in(6) => {
                // The worker is moved, and what he captured before comes later.
                phone.area = (phone.area + 1) % AREAS.len();
                let path = format!("/v1/users/{}", phone.worker.id);
                let user = admin.get(&path).await.expect(200);
                let roles = json!({"roles": [{"role": "gate_guard", "area_code": AREAS[phone.area]}]});
                let _ = admin.patch(&path, user.header("etag"), &roles).await;
            }
            _ => phone.push(true).await,
        }
    }
    let _ = app;
    phone
}

#[tokio::test]
async fn every_phone_and_the_server_agree_in_the_end() {
    let seed = option("SIM_SEED", u64::from(std::process::id()));
    let (workers, steps) = (option("SIM_WORKERS", 16), option("SIM_STEPS", 10));
    println!("SIM_SEED={seed} SIM_WORKERS={workers} SIM_STEPS={steps}");
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut places = Vec::new();
    for area in AREAS {
        places.push(examples::checkpoint(&admin, area).await);
    }
    let mut phones = Vec::new();
    for worker in 0..workers {
        let area = usize::try_from(worker).unwrap() % AREAS.len();
        let grant = lianfang::platform::access::Grant {
            role: lianfang::platform::access::Role::GateGuard,
            area_code: AREAS[area].into(),
            org_id: None,
        };
        let actor = app.actor_of(vec![grant]).await;
        for phone in 0..PHONES_PER_WORKER {
            let number = worker * 100 + phone as u64;
            let mut chance = Chance(seed.wrapping_mul(1_000_003) ^ (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let days = i64::try_from(chance.below(7)).unwrap() - 3;
            phones.push(Phone {
                name: format!("phone-{number}"),
                worker: actor.clone(),
                area,
                chance,
                clock_off: TimeDelta::days(if phone % 3 == 0 { days } else { 0 }),
                queue: Vec::new(),
                store: BTreeMap::new(),
                captured: Vec::new(),
                cursor: None,
                handed_over: 0,
            });
        }
    }
    let mut phones: Vec<Phone> =
        join_all(phones.into_iter().map(|phone| live(&app, &admin, &places, phone, steps))).await;

    // One worker leaves: what his phones hold is handed in all the same.
    let left = phones[0].worker.id;
    let user = admin.get(&format!("/v1/users/{left}")).await.expect(200);
    admin.patch(&format!("/v1/users/{left}"), user.header("etag"), &json!({"active": false})).await.expect(200);
    app.core.accounts.forget_all();
    join_all(phones.iter_mut().map(|phone| phone.push(false))).await;
    assert!(phones.iter().all(|phone| phone.queue.is_empty()));
    join_all(phones.iter_mut().filter(|phone| phone.worker.id != left).map(|phone| phone.pull(false))).await;

    for phone in phones.iter().filter(|phone| phone.worker.id != left) {
        let server = phone.worker.post("/v1/sync/checksum", &json!({})).await.expect(200).body;
        let server: BTreeMap<String, (u64, String)> = server["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|sum| sum["count"] != 0)
            .map(|sum| {
                (
                    sum["kind"].as_str().unwrap().to_owned(),
                    (sum["count"].as_u64().unwrap(), sum["checksum"].as_str().unwrap().to_owned()),
                )
            })
            .collect();
        assert_eq!(phone.sums(), server, "seed {seed}, {}", phone.name);
    }
    let mut recorded: Vec<String> = app
        .rows("SELECT id::text AS id FROM screenings")
        .await
        .into_iter()
        .map(|mut row| row.text("id").unwrap())
        .collect();
    let held: Vec<String> = app
        .rows("SELECT record_id::text AS id FROM held_items WHERE op = 'create' AND state = 'open'")
        .await
        .into_iter()
        .map(|mut row| row.text("id").unwrap())
        .collect();
    recorded.extend(held);
    recorded.sort();
    let mut captured: Vec<String> = phones.iter().flat_map(|phone| phone.captured.clone()).collect();
    captured.sort();
    let doubled: Vec<&String> = recorded.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    let lost: Vec<&String> = captured.iter().filter(|id| recorded.binary_search(id).is_err()).collect();
    assert!(doubled.is_empty() && lost.is_empty(), "seed {seed}: doubled {doubled:?}, lost {lost:?}");
    assert_eq!(recorded.len(), captured.len(), "seed {seed}: something was made up");
    let operations: usize = phones.iter().map(|phone| phone.handed_over).sum();
    println!("{} phones, {operations} operations handed in, {} records captured", phones.len(), captured.len());
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
