//! Hundreds of phones on a bad network: lost answers, deliveries doubled and swapped, clocks off by
//! days, apps killed amid a push, workers moved and one deactivated. At the end every phone and the
//! server agree, and nothing is lost or doubled. `SIM_SEED`, `SIM_WORKERS`, `SIM_STEPS` make it longer.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples, fake_resident_id};

const AREAS: [&str; 3] = ["511802005", "511802114", "511802001"];
const PHONES_PER_WORKER: usize = 10;

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Chance, the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// A phone: its queue, what it knows of the server, where it stands.
struct Phone {
    name: String,
    worker: Actor,
    area: usize,
    chance: Chance,
    clock_off: TimeDelta,
    queue: Vec<Json>,
    store: BTreeMap<(String, String), i64>,
    captured: Vec<String>,
    cursor: Option<String>,
    handed_over: usize,
}

impl Phone {
    fn capture(&mut self, place: &str) {
        let id = Uuid::from_u128(
            (u128::from(self.chance.below(u64::MAX >> 1)) << 64 | 0x4000_8000_0000_0000_0000)
                | u128::from(self.chance.below(u64::MAX >> 1)),
        );
        let id = uuid::Builder::from_bytes(id.into_bytes())
            .with_version(uuid::Version::Random)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid()
            .to_string();
        let occurred_at = (Utc::now() + self.clock_off - TimeDelta::minutes(5)).to_rfc3339();
        let document = fake_resident_id(u32::try_from(self.chance.below(300)).unwrap());
        self.queue.push(json!({"kind": "screenings", "op": "create", "id": id, "occurred_at": occurred_at, "device_time": occurred_at, "body": {
            "place_id": place, "direction": "in", "temperature_c": format!("36.{}", self.chance.below(9)), "answers": ["none"],
            "person": {"name": "王五", "document_number": document},
        }}));
        self.captured.push(id);
    }

    /// Amends or voids something it knows, or captured itself.
    fn change(&mut self) {
        let known: Vec<(String, i64)> = self
            .store
            .iter()
            .filter(|((kind, _), _)| kind == "screenings")
            .map(|((_, id), revision)| (id.clone(), *revision))
            .collect();
        if known.is_empty() {
            return;
        }
        let (id, revision) = known[usize::try_from(self.chance.below(known.len() as u64)).unwrap()].clone();
        let occurred_at = (Utc::now() + self.clock_off).to_rfc3339();
        self.queue.push(if self.chance.one_in(8) {
            json!({"kind": "screenings", "op": "void", "id": id, "base_revision": revision, "occurred_at": occurred_at, "body": {"reason": "录错"}})
        } else {
            let fields = [json!({"temperature_c": format!("37.{}", self.chance.below(9))}), json!({"mask": self.chance.one_in(2)}), json!({"disposition": "admitted"}), json!({"note": self.name})];
            json!({"kind": "screenings", "op": "amend", "id": id, "base_revision": revision, "occurred_at": occurred_at, "body": fields[usize::try_from(self.chance.below(4)).unwrap()]})
        });
    }

    /// Sends its queue. On a bad network the answer may be lost, the request doubled, the app killed.
    async fn push(&mut self, bad: bool) {
        while !self.queue.is_empty() {
            let whole = self.queue.len().min(20);
            let count = if bad && self.chance.one_in(4) { 1 + whole / 2 } else { whole };
            let body = json!({"device_id": self.name, "items": self.queue[..count]});
            if bad && self.chance.one_in(5) {
                let swapped: Vec<Json> = self.queue[..count].iter().rev().cloned().collect();
                // An older delivery, out of order, overtakes.
                let _ =
                    self.worker.post("/v1/sync/push", &json!({"device_id": self.name, "items": swapped[..1]})).await;
            }
            if bad && self.chance.one_in(5) {
                futures_util::future::join(
                    self.worker.post("/v1/sync/push", &body),
                    self.worker.post("/v1/sync/push", &body),
                )
                .await;
            }
            let reply = self.worker.post("/v1/sync/push", &body).await;
            if bad && self.chance.one_in(4) {
                return; // the answer is lost; the queue stays
            }
            if reply.status == 503 {
                continue;
            }
            let reply = reply.expect(207);
            for result in reply.body["results"].as_array().unwrap() {
                assert_ne!(result["outcome"], "refused", "{result}");
                self.handed_over += 1;
            }
            self.queue.drain(..count);
        }
    }

    async fn pull(&mut self, bad: bool) {
        loop {
            let query = self.cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.worker.get(&format!("/v1/sync/pull?limit=300{query}")).await.expect(200).body;
            if bad && self.chance.one_in(5) {
                return; // the answer is lost
            }
            for change in page["changes"].as_array().unwrap() {
                let key = (change["kind"].as_str().unwrap().to_owned(), change["id"].as_str().unwrap().to_owned());
                match change["op"].as_str().unwrap() {
                    "upsert" => drop(self.store.insert(key, change["revision"].as_i64().unwrap())),
                    _ => drop(self.store.remove(&key)),
                }
            }
            self.cursor = page["next_cursor"].as_str().map(str::to_owned);
            if page["has_more"] == false {
                return;
            }
        }
    }

    /// What it holds of each kind, as `/v1/sync/checksum` sums it.
    fn sums(&self) -> BTreeMap<String, (u64, String)> {
        let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for ((kind, id), revision) in &self.store {
            let hash = Sha256::digest(format!("{id}:{revision}").as_bytes());
            let entry = sums.entry(kind.clone()).or_default();
            entry.0 += 1;
            entry.1 ^= u64::from_be_bytes(hash[..8].try_into().unwrap());
        }
        sums.into_iter().map(|(kind, (count, sum))| (kind, (count, hex::encode(sum.to_be_bytes())))).collect()
    }
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
        let grant = lianfang::auth::Grant {
            role: lianfang::auth::Role::GateGuard,
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
    app.service.accounts.forget_all();
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
    lianfang::verify::verify(&app.service, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
