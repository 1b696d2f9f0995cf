//! Random readings, visits, checks, errands, notices, steps, voids, amendments, plannings and midnights over ten days,
//! told in any order and however late: at the end every duty of the case stands as in a second service that is told
//! once, at the end, what holds. `CARE_ORDER_SEED` repeats a run, `CARE_ORDER_STEPS` makes it longer.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, TimeDelta, Utc};
use chrono_tz::Asia::Shanghai;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::duties;
use crate::isolation_cases::{case, set_clock, work};
use crate::support::{Actor, TestApp};

const BEGIN: &str = "2020-01-22T20:00:00+08:00";
const KINDS: [&str; 6] =
    ["temperature-readings", "follow-up-visits", "spot-checks", "errands", "patrol-logs", "observation-notices"];

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn begin() -> DateTime<Utc> {
    BEGIN.parse().unwrap()
}

/// Record as it was told in the end.
#[derive(Clone)]
struct Told {
    kind: &'static str,
    body: Json,
    revision: u64,
    holds: bool,
}

impl Told {
    fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    fn path(&self) -> String {
        format!("/v1/{}/{}", self.kind, self.id())
    }

    fn at(&self) -> DateTime<Utc> {
        self.body["occurred_at"].as_str().unwrap().parse().unwrap()
    }

    /// Amends it as a phone does; what the rules refuse is left as it was.
    async fn amend(&mut self, actor: &Actor, patch: Json) {
        let reply = actor.patch(&self.path(), &format!("\"{}\"", self.revision), &patch).await;
        if reply.status == 422 {
            return;
        }
        let reply = reply.expect(200);
        self.revision = reply.body["revision"].as_u64().unwrap();
        for (name, value) in patch.as_object().unwrap() {
            self.body[name] = value.clone();
        }
        if self.kind == "temperature-readings" {
            self.body["slot"] = reply.body["slot"].clone();
        }
    }
}

/// A life of a case, told as it happens or days later.
struct Life {
    random: StdRng,
    now: DateTime<Utc>,
    case_id: String,
    records: Vec<Told>,
    steps: Vec<Told>,
}

impl Life {
    fn id(&mut self) -> String {
        let bytes: [u8; 10] = self.random.random();
        let millis = u64::try_from(self.now.timestamp_millis()).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().to_string()
    }

    /// Some time of the last three days.
    fn past(&mut self) -> DateTime<Utc> {
        (self.now - TimeDelta::minutes(self.random.random_range(0..4_300))).max(begin())
    }

    fn record(&mut self) -> Told {
        let kind = KINDS[self.random.random_range(0..KINDS.len())];
        let kind = if self.random.random_bool(0.4) { KINDS[self.random.random_range(0..2)] } else { kind };
        let at = self.past();
        let mut body = json!({"id": self.id(), "case_id": self.case_id, "occurred_at": at.to_rfc3339()});
        let symptoms = if self.random.random_bool(0.2) { json!(["cough"]) } else { json!(["none"]) };
        let more = match kind {
            "temperature-readings" => {
                let tenths = self.random.random_range(345..385);
                let readings = self
                    .records
                    .iter()
                    .filter(|told| told.kind == kind && told.holds && told.body.get("retest_of").is_none())
                    .map(Told::id);
                let readings: Vec<String> = readings.collect();
                if !readings.is_empty() && self.random.random_bool(0.25) {
                    body["retest_of"] = readings[self.random.random_range(0..readings.len())].clone().into();
                }
                json!({"temperature_c": format!("{}.{}", tenths / 10, tenths % 10), "symptoms": symptoms})
            }
            "follow-up-visits" => {
                // Alerts wait for days, until the health centre comes after all.
                let comes = self.now > begin() + TimeDelta::days(8) || self.random.random_bool(0.1);
                let lines = ["town", "village", "group", "health_center"];
                json!({"line": lines[self.random.random_range(0..if comes { 4 } else { 3 })], "health_status": "well", "symptoms": symptoms})
            }
            "spot-checks" => json!({"present": true, "compliant": true}),
            "errands" => {
                let state = ["asked", "nothing_needed"][self.random.random_range(0..2)];
                json!({"state": state, "items": ["大米"]})
            }
            "patrol-logs" => json!({"in_order": true, "visit_stopped": false}),
            _ => json!({"signed_on": at.with_timezone(&Shanghai).date_naive(), "issued_by": "卫生院"}),
        };
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Told { kind, body, revision: 1, holds: true }
    }

    async fn tell(&mut self, actor: &Actor) {
        let mut told = self.record();
        let reply = actor.post(&format!("/v1/{}", told.kind), &told.body).await.expect(201);
        if told.kind == "temperature-readings" {
            told.body["slot"] = reply.body["slot"].clone();
        }
        self.records.push(told);
    }

    async fn change(&mut self, actor: &Actor) {
        if self.records.is_empty() {
            return;
        }
        let (index, at) = (self.random.random_range(0..self.records.len()), self.past().to_rfc3339());
        let (voids, flips) = (self.random.random_bool(0.4), self.random.random_bool(0.5));
        let told = &mut self.records[index];
        match told.kind {
            _ if !told.holds => {}
            _ if voids => {
                actor.post(&format!("{}:void", told.path()), &json!({"reason": "录错"})).await.expect(200);
                told.holds = false;
            }
            "errands" => {
                let delivered_at = self.now.max(told.at()).to_rfc3339();
                told.amend(actor, json!({"state": "delivered", "delivered_at": delivered_at})).await;
            }
            "temperature-readings" | "follow-up-visits" if flips => {
                told.amend(actor, json!({"symptoms": ["fever"]})).await;
            }
            _ => told.amend(actor, json!({"occurred_at": at})).await,
        }
    }

    /// A step that the state allows, told at once or late; sometimes by a clock that ran behind.
    fn next_step(&mut self, state: &str) -> Told {
        let last = self.steps.last().map_or(begin(), Told::at);
        let room = (self.now - last).num_minutes().max(1);
        let mut at = last + TimeDelta::minutes(self.random.random_range(0..=room));
        if self.random.random_bool(0.1) {
            at -= TimeDelta::minutes(30);
        }
        let at = at.min(self.now);
        let (to, more) = match (state, self.random.random_range(0..4)) {
            ("under_observation", 0) => ("suspended_referral", json!({"hospital": "市人民医院", "reason": "发热"})),
            ("under_observation", 1) => ("lost_contact", json!({"last_seen_at": at.to_rfc3339(), "reason": "失联"})),
            ("under_observation", 2) => {
                let anchored_on = self.now.with_timezone(&Shanghai).date_naive() - Days::new(1);
                ("extended", json!({"anchored_on": anchored_on, "reason": "再次接触"}))
            }
            ("under_observation", _) => {
                let day = self.random.random_range(20..25);
                ("corrected", json!({"anchored_on": format!("2020-01-{day}"), "reason": "核对"}))
            }
            _ => ("under_observation", json!({})),
        };
        let mut body = json!({"id": self.id(), "case_id": self.case_id, "to": to, "occurred_at": at.to_rfc3339()});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Told { kind: "isolation-case-transitions", body, revision: 1, holds: true }
    }

    async fn step(&mut self, actor: &Actor) {
        let read = actor.get(&format!("/v1/isolation-cases/{}", self.case_id)).await.expect(200).body;
        let step = self.next_step(read["state"].as_str().unwrap());
        actor.post("/v1/isolation-case-transitions", &step.body).await.expect(201);
        self.steps.push(step);
    }

    /// A step happened at another time, between those before and after it.
    async fn correct_step(&mut self, actor: &Actor) {
        if self.steps.is_empty() {
            return;
        }
        let index = self.random.random_range(0..self.steps.len());
        let from = index.checked_sub(1).map_or(begin(), |before| self.steps[before].at());
        let until = self.steps.get(index + 1).map_or(self.now, Told::at).max(from + TimeDelta::minutes(1));
        let at = from + TimeDelta::minutes(self.random.random_range(0..=(until - from).num_minutes()));
        self.steps[index].amend(actor, json!({"occurred_at": at.min(self.now).to_rfc3339()})).await;
    }
}

/// A case under observation, in a service whose police checks are at no random time.
async fn begun(app: &TestApp, case_id: &str, notice: &Told) -> Actor {
    set_clock(app, BEGIN);
    let admin = app.administrator().await;
    let checks = json!({"area_code": "511802", "effective_on": "2020-01-01", "duty_kind": "police_check", "active": true,
        "every_days": 1, "opens_minute": 480, "due_minute": 1200, "source": "测试"});
    admin.post("/v1/duty-cadences", &checks).await.expect(201);
    let body = case(1, json!({"id": case_id, "occurred_at": BEGIN}));
    admin.post("/v1/isolation-cases", &body).await.expect(201);
    admin.post("/v1/observation-notices", &notice.body).await.expect(201);
    for to in ["notified", "under_observation"] {
        let step = json!({"case_id": case_id, "to": to, "occurred_at": BEGIN});
        admin.post("/v1/isolation-case-transitions", &step).await.expect(201);
    }
    admin
}

/// Every duty but those that say how it stood when somebody looked: by kind, line, and cause or day.
async fn stand(actor: &Actor, case_id: &str) -> BTreeMap<String, Json> {
    let all = duties(actor, &format!("subject_id={case_id}")).await;
    let text = |duty: &Json, name: &str| duty[name].as_str().unwrap_or_default().to_owned();
    let told = all.iter().filter(|duty| duty["duty_kind"] != "no_contact_alert").map(|duty| {
        // Duties not expected may be a row or none.
        let lasting = duty["state"] != "waived";
        // A day says when; what the service itself asked for was asked when it came to know.
        let (of, window) = match duty["cause_id"].is_null() {
            true => (text(duty, "opens_at")[..10].to_owned(), Json::Null),
            false => (text(duty, "cause_id"), json!([duty["opens_at"], duty["due_at"]])),
        };
        let key = format!("{} {} {of}", text(duty, "duty_kind"), text(duty, "line"));
        let stands = json!([duty["state"], duty["proof"]["id"], duty["late"], window]);
        (key, lasting.then_some(stands))
    });
    told.filter_map(|(key, stands)| Some((key, stands?))).collect()
}

async fn told_at_once(life: &Life, notice: &Told, late: bool) -> BTreeMap<String, Json> {
    let app = TestApp::start().await;
    begun(&app, &life.case_id, notice).await;
    set_clock(&app, &life.now.to_rfc3339());
    let admin = app.administrator().await;
    // Readings that were voided hold no slot when the others come; retests name them all the same.
    let mut records: Vec<Told> = life.records.iter().skip(1).cloned().collect();
    records.sort_by_key(|told| (told.body.get("retest_of").is_some(), told.at()));
    if late {
        for step in &life.steps {
            admin.post("/v1/isolation-case-transitions", &step.body).await.expect(201);
        }
    }
    for mut told in records {
        if !told.holds && told.kind == "temperature-readings" {
            told.body["slot"] = "extra".into();
        }
        admin.post(&format!("/v1/{}", told.kind), &told.body).await.expect(201);
    }
    for told in life.records.iter().skip(1).filter(|told| !told.holds) {
        admin.post(&format!("{}:void", told.path()), &json!({"reason": "录错"})).await.expect(200);
    }
    if !life.records[0].holds {
        admin.post(&format!("{}:void", notice.path()), &json!({"reason": "录错"})).await.expect(200);
    } else if life.records[0].revision > 1 {
        let at = json!({"occurred_at": life.records[0].body["occurred_at"]});
        admin.patch(&notice.path(), "\"1\"", &at).await.expect(200);
    }
    if !late {
        for step in &life.steps {
            admin.post("/v1/isolation-case-transitions", &step.body).await.expect(201);
        }
    }
    work(&app).await;
    stand(&app.administrator().await, &life.case_id).await
}

#[tokio::test]
async fn duties_stand_as_if_all_had_been_told_at_once_in_whatever_order_it_was() {
    let seed = option("CARE_ORDER_SEED", 12);
    let case_id = Uuid::from_u128(0x016f_c0de_0010_7000_8000_0000_0000_0000 + u128::from(seed)).to_string();
    let mut life =
        Life { random: StdRng::seed_from_u64(seed), now: begin(), case_id, records: Vec::new(), steps: Vec::new() };
    let body = json!({"id": life.id(), "case_id": life.case_id, "signed_on": "2020-01-22", "issued_by": "卫生院", "occurred_at": BEGIN});
    let notice = Told { kind: "observation-notices", body, revision: 1, holds: true };
    let app = TestApp::start().await;
    begun(&app, &life.case_id, &notice).await;
    life.records.push(notice.clone());
    let end = begin() + TimeDelta::days(10);
    let rounds = option("CARE_ORDER_STEPS", 110);
    for _ in 0..rounds {
        life.now += (end - begin()) / i32::try_from(rounds).unwrap();
        set_clock(&app, &life.now.to_rfc3339());
        let admin = app.administrator().await;
        // A step settles the whole case; in the last days nothing heals what a single record left undone.
        let steps = life.now < begin() + TimeDelta::days(6);
        match life.random.random_range(0..20) {
            0..=9 => life.tell(&admin).await,
            10..=12 => life.change(&admin).await,
            13 | 14 if steps => life.step(&admin).await,
            15 if steps => life.correct_step(&admin).await,
            13..=15 => life.tell(&admin).await,
            _ => work(&app).await,
        }
    }
    work(&app).await;
    let lived = stand(&app.administrator().await, &life.case_id).await;
    for late in [false, true] {
        let at_once = told_at_once(&life, &notice, late).await;
        let keys: std::collections::BTreeSet<&String> = lived.keys().chain(at_once.keys()).collect();
        // Duties done though nothing was expected stay proven where there was a row; else there is none.
        let differs = keys.into_iter().filter(|key| {
            let (one, other) = (lived.get(*key), at_once.get(*key));
            let done_alone = one.is_none() != other.is_none() && one.or(other).unwrap()[0] == "done";
            one != other && !done_alone
        });
        let differs: Vec<String> =
            differs.map(|key| format!("{key}: {:?} {:?}", lived.get(key), at_once.get(key))).collect();
        let steps: Vec<String> = life.steps.iter().map(|step| step.body.to_string()).collect();
        assert_eq!(differs, Vec::<String>::new(), "seed {seed}, steps first: {late}: {steps:#?}");
    }
    assert!(lived.values().any(|duty| duty[0] == "missed"), "seed {seed}");
    assert!(lived.values().any(|duty| duty[0] == "done"), "seed {seed}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
