//! Kills at random moments, of the service and of its database, under writers that keep a journal.
//!
//! Every acknowledged write must be there exactly once, numbers without gaps, the chain whole. The
//! seed is printed; `FAULT_SEED` repeats it, `FAULT_SECONDS` and
//! `FAULT_WRITERS` make it longer (20 and 64 for the full proof).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

use crate::support::examples;
use crate::support::process::{Folder, Served};

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Journal of what a writer was told: ids by the number they got.
type Journal = Arc<Mutex<BTreeMap<i64, String>>>;

struct Shared {
    base: Mutex<String>,
    token: Mutex<String>,
    stop: AtomicBool,
    journal: Journal,
}

/// Posts screenings one after the other; each until it is acknowledged, however often that takes.
async fn write(shared: Arc<Shared>, place: String, writer: u32) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let mut sequence = writer * 100_000;
    while !shared.stop.load(Ordering::Relaxed) {
        sequence += 1;
        let body = examples::screening(&place, sequence);
        loop {
            let (base, token) = (shared.base.lock().unwrap().clone(), shared.token.lock().unwrap().clone());
            let request = client.post(format!("{base}/v1/screenings")).bearer_auth(token);
            let sent = request.header("content-type", "application/json").body(body.to_string()).send().await;
            // No answer, or one that says "again": the same record is sent again.
            let Ok(response) = sent else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let status = response.status().as_u16();
            let Ok(bytes) = response.bytes().await else { continue };
            let answer: Json = serde_json::from_slice(&bytes).unwrap();
            match status {
                200 | 201 => {
                    let number = answer["change_no"].as_i64().unwrap();
                    let before = shared.journal.lock().unwrap().insert(number, body["id"].as_str().unwrap().to_owned());
                    assert_eq!(before, None, "two records were given the number {number}");
                    break;
                }
                503 => tokio::time::sleep(Duration::from_millis(50)).await,
                other => panic!("{other} {answer}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing_and_double_nothing() {
    let seed = option("FAULT_SEED", rand::random::<u32>().into());
    let (seconds, writers) = (option("FAULT_SECONDS", 5), option("FAULT_WRITERS", 16));
    println!("FAULT_SEED={seed} FAULT_SECONDS={seconds} FAULT_WRITERS={writers}");
    let mut random = StdRng::seed_from_u64(seed);
    let folder = Folder::new("faults");
    let mut served = Served::start(&folder);
    let token = served.sign_in(&folder.add_user("admin"), "雨城区-防疫值守-2020").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005"});
    let (_, place) = served.send("POST", "/v1/places", &token, &place).await;
    let place = place["id"].as_str().unwrap().to_owned();
    let journal = Journal::default();
    let shared = Arc::new(Shared {
        base: Mutex::new(served.base.clone()),
        token: Mutex::new(token.clone()),
        stop: AtomicBool::new(false),
        journal: Arc::clone(&journal),
    });
    let tasks: Vec<_> =
        (0..writers as u32).map(|writer| tokio::spawn(write(Arc::clone(&shared), place.clone(), writer))).collect();
    let started = Instant::now();
    let (mut kills, mut written) = ([0, 0], 0);
    // On a busy machine starts take most of the time: go on until enough was written between the kills.
    let enough = || journal.lock().unwrap().len() > 50 || started.elapsed() > Duration::from_secs(seconds + 60);
    while started.elapsed() < Duration::from_secs(seconds) || !enough() {
        tokio::time::sleep(Duration::from_millis(random.random_range(300..1_300))).await;
        // Now and then in the midst of recovery; else only where something was written since, for on a busy
        // machine recovery may outlast the pauses.
        if random.random_bool(0.7) && journal.lock().unwrap().len() == written {
            continue;
        }
        written = journal.lock().unwrap().len();
        if random.random_bool(0.5) {
            served.signal(Signal::SIGKILL);
            served = Served::start(&folder);
            *shared.base.lock().unwrap() = served.base.clone();
            kills[0] += 1;
        } else if let Some(postmaster) = folder.postmaster() {
            // It may be gone already: then this kill is of nobody.
            kills[1] += i32::from(kill(postmaster, Signal::SIGKILL).is_ok());
        }
    }
    shared.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let journal = journal.lock().unwrap().clone();
    println!("{} acknowledged; kills of the service {}, of the database {}", journal.len(), kills[0], kills[1]);
    assert!(journal.len() > 50, "hardly anything was written");
    require_journal(&served, &token, &journal).await;
    assert!(served.signal(Signal::SIGTERM).success());
    let verified = folder.run(&["verify", "--json"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// The feed has every number once, and each acknowledged record under the number it was told.
pub async fn require_journal(served: &Served, token: &str, journal: &BTreeMap<i64, String>) {
    let mut fed: BTreeMap<i64, String> = BTreeMap::new();
    let mut since = 0;
    loop {
        let (status, page) =
            served.send("GET", &format!("/v1/changes?since={since}&limit=500"), token, &Json::Null).await;
        assert_eq!(status, 200, "{page}");
        for item in page["items"].as_array().unwrap() {
            // People come with the number of the screening that introduced them.
            if item["kind"] != "people" {
                let before = fed.insert(item["change_no"].as_i64().unwrap(), item["id"].as_str().unwrap().to_owned());
                assert_eq!(before, None, "a number was given twice");
            }
        }
        since = page["next"].as_i64().unwrap();
        if page["next"] == page["head"] {
            break;
        }
    }
    assert_eq!(fed.keys().copied().collect::<Vec<_>>(), (1..=since).collect::<Vec<_>>(), "numbers have gaps");
    for (number, id) in journal {
        assert_eq!(fed.get(number), Some(id), "acknowledged, and not there");
    }
    assert_eq!(fed.len(), journal.len() + 1, "the place and what was acknowledged, nothing else");
}
