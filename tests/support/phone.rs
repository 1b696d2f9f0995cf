//! A simulated phone: its queue, what it knows of the server, where it stands.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Actor, fake_resident_id};

/// Chance, the same for the same seed.
pub struct Chance(pub u64);

impl Chance {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// Whether one of so many happens.
    pub fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

/// A phone: its queue, what it knows of the server, where it stands.
pub struct Phone {
    pub name: String,
    pub worker: Actor,
    pub area: usize,
    pub chance: Chance,
    pub clock_off: TimeDelta,
    pub queue: Vec<Json>,
    pub store: BTreeMap<(String, String), i64>,
    pub captured: Vec<String>,
    pub cursor: Option<String>,
    pub handed_over: usize,
}

impl Phone {
    /// Captures a passage.
    pub fn capture(&mut self, place: &str) {
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
    pub fn change(&mut self) {
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
    pub async fn push(&mut self, bad: bool) {
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
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
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

    /// Fetches its slice.
    pub async fn pull(&mut self, bad: bool) {
        loop {
            let query = self.cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let reply = self.worker.get(&format!("/v1/sync/pull?limit=300{query}")).await;
            if reply.status == 503 {
                // Busy: told to come back.
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                continue;
            }
            let page = reply.expect(200).body;
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

    /// Sums of what it holds of each kind, as `/v1/sync/checksum` makes them.
    pub fn sums(&self) -> BTreeMap<String, (u64, String)> {
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
