//! Costs of people's mornings: how many requests, and how many bytes plain and gzipped. The figures of
//! `docs/stories.md` are these.

use std::cell::Cell;
use std::io::Read;

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::supervised;
use crate::isolation_cases::{case, notified, set_clock};
use crate::support::{Actor, TestApp, examples};

const DAXING: &str = "511802005";

/// Somebody whose requests and bytes are counted.
struct Counted {
    actor: Actor,
    requests: Cell<usize>,
    plain: Cell<usize>,
    packed: Cell<usize>,
}

impl Counted {
    fn new(actor: &Actor) -> Self {
        let none = || Cell::new(0);
        Self { actor: actor.with("accept-encoding", "gzip"), requests: none(), plain: none(), packed: none() }
    }

    async fn bytes(&self, path: &str) -> Vec<u8> {
        let (status, headers, packed) = self.actor.download(path).await;
        let mut plain = Vec::new();
        match headers.get("content-encoding") {
            Some(_) => drop(flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut plain).unwrap()),
            None => plain.clone_from(&packed),
        }
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&plain));
        self.requests.set(self.requests.get() + 1);
        self.plain.set(self.plain.get() + plain.len());
        self.packed.set(self.packed.get() + packed.len());
        plain
    }

    async fn get(&self, path: &str) -> Json {
        serde_json::from_slice(&self.bytes(path).await).unwrap()
    }

    async fn post(&self, path: &str, body: &Json) -> Json {
        self.requests.set(self.requests.get() + 1);
        self.actor.post(path, body).await.expect(207).body
    }

    /// All pages from a place on; the place at the end.
    async fn pull(&self, cursor: Option<&str>) -> String {
        let mut cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        loop {
            let page = self.get(&format!("/v1/sync/pull?limit=500{cursor}")).await;
            let next = page["next_cursor"].as_str().unwrap().to_owned();
            if page["has_more"] == false {
                return next;
            }
            cursor = format!("&cursor={next}");
        }
    }

    /// Requests, plain and gzipped bytes since it was asked last.
    fn cost(&self) -> (usize, usize, usize) {
        (self.requests.replace(0), self.plain.replace(0), self.packed.replace(0))
    }
}

fn outcomes(body: &Json) -> Vec<&str> {
    body["results"].as_array().unwrap().iter().map(|result| result["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_guards_first_pull_his_bus_and_his_morning() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let gate = examples::checkpoint(&admin, DAXING).await;
    for hundreds in 0..10 {
        let passed: Vec<Json> = (0..100).map(|number| examples::screening(&gate, hundreds * 100 + number)).collect();
        admin.post("/v1/screenings:batch", &json!({"items": passed})).await.expect(207);
    }
    let guard = Counted::new(&app.gate_guard("大兴街道").await);
    let place = guard.get("/v1/places?kind=compound_gate&q=bm&fields=name").await;
    assert_eq!(place["items"].as_array().unwrap().len(), 1);
    let cursor = guard.pull(None).await;
    let (requests, plain, packed) = guard.cost();
    println!("first pull of a thousand passages: {requests} requests, {plain} bytes, {packed} gzipped");
    assert!(packed * 8 < plain, "{packed} of {plain}");
    assert!(packed < 200_000, "{packed}");

    // Nobody passed: the phone asks, and there is nothing.
    guard.pull(Some(&cursor)).await;
    let (requests, plain, _) = guard.cost();
    println!("a pull that finds nothing: {plain} bytes");
    assert!(requests == 1 && plain < 1_000, "{plain}");

    // Thirty people of one bus.
    let bus = Uuid::now_v7();
    let passenger = |number: u32| {
        let mut body = examples::screening(&gate, 5_000 + number);
        (body["pass_group_id"], body["vehicle"]) = (json!(bus), json!({"plate_number": "川T12345"}));
        body
    };
    let items: Vec<Json> = (0..30).map(passenger).collect();
    assert_eq!(
        outcomes(&guard.post("/v1/screenings:batch?atomic=true", &json!({"items": items})).await),
        ["created"; 30]
    );
    assert_eq!(guard.cost().0, 1, "one request");
    let queued = |item: &Json| {
        let mut body = item.clone();
        let id = body.as_object_mut().unwrap().remove("id").unwrap();
        json!({"kind": "screenings", "op": "create", "id": id, "body": body})
    };
    let queue: Vec<Json> = items.iter().map(queued).collect();
    let handed_in = guard.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": queue})).await;
    assert_eq!(outcomes(&handed_in), ["same"; 30], "and so is the queue of a phone without network");
    assert_eq!(guard.cost().0, 1);

    guard.pull(Some(&cursor)).await;
    let (requests, plain, packed) = guard.cost();
    println!("a pull of thirty passages: {plain} bytes, {packed} gzipped");
    assert!(requests == 1 && packed * 5 < plain && packed < 20_000, "{packed} of {plain}");
}

#[tokio::test]
async fn a_clerks_forty_cases() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T09:00:00+08:00");
    let doctor = app.health_worker("八步镇").await;
    let clerk = Counted::new(&app.town_cadre("八步镇").await);
    let who = clerk.get("/v1/colleagues?area_code=511802114&role=health_worker").await;
    assert_eq!(who["items"][0]["id"], json!(doctor.id));
    let of_number = |number: u32| {
        let mut body = supervised(number, &[("health_center", &doctor)]);
        body["id"] = json!(Uuid::now_v7());
        body
    };
    let cases: Vec<Json> = (0..40).map(of_number).collect();
    let made = clerk.post("/v1/isolation-cases:batch?atomic=true", &json!({"items": cases})).await;
    assert_eq!(outcomes(&made), ["created"; 40], "{made}");
    let notice = |case: &Json| json!({"id": Uuid::now_v7(), "case_id": case["id"], "signed_on": "2020-01-23", "issued_by": "八步镇卫生院"});
    let notices: Vec<Json> = cases.iter().map(notice).collect();
    let signed = clerk.post("/v1/observation-notices:batch?atomic=true", &json!({"items": notices})).await;
    assert_eq!(outcomes(&signed), ["created"; 40], "{signed}");
    assert_eq!(clerk.cost().0, 3, "who may answer, the cases, their notices");

    let list = clerk.get("/v1/isolation-cases?limit=100&include=person,organization").await;
    assert_eq!(list["included"]["person"].as_object().unwrap().len(), 40);
    let item =
        |case: &Json| json!({"id": case["id"], "revision": case["revision"], "patch": {"address": "集中安置点"}});
    let items: Vec<Json> = list["items"].as_array().unwrap().iter().map(item).collect();
    let amended = clerk.post("/v1/isolation-cases:batch-amend?atomic=true", &json!({"items": items})).await;
    assert_eq!(outcomes(&amended), ["amended"; 40], "{amended}");
    let (requests, plain, packed) = clerk.cost();
    println!("forty cases with names: {plain} bytes, {packed} gzipped");
    assert_eq!(requests, 2, "the list with its names, and the change of all");
}

#[tokio::test]
async fn a_doctors_morning_with_ten_of_her_own() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let doctor = app.health_worker("八步镇").await;
    for number in 0..10 {
        notified(&doctor, supervised(number, &[("health_center", &doctor)])).await;
    }
    let counted = Counted::new(&doctor);
    let morning = counted.get("/v1/duties?assignee=me&state=open&limit=100&include=case,person").await;
    assert_eq!(morning["included"]["person"].as_object().unwrap().len(), 10);
    assert!(morning["included"]["person"].as_object().unwrap().values().all(|person| person["name"] == "李四"));
    let (requests, plain, packed) = counted.cost();
    println!("a doctor's morning, ten cases: {plain} bytes, {packed} gzipped");
    assert_eq!(requests, 1);
    assert!(packed * 8 < plain && packed < 10_000, "{packed} of {plain}");
}

#[tokio::test]
async fn an_analysts_notebook() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T09:00:00+08:00");
    let doctor = app.health_worker("八步镇").await;
    let mut cases = Vec::new();
    for number in 0..40 {
        let made = doctor.post("/v1/isolation-cases", &case(number, json!({}))).await.expect(201).body;
        cases.push(made["id"].as_str().unwrap().to_owned());
    }
    set_clock(&app, "2020-02-06T09:00:00+08:00");
    let doctor = app.health_worker("八步镇").await;
    let reading = |case: &String, day: u32, hour: u32| {
        let day = chrono::NaiveDate::from_ymd_opt(2020, 1, 23).unwrap() + chrono::TimeDelta::days(i64::from(day));
        json!({"id": Uuid::now_v7(), "case_id": case, "occurred_at": format!("{day}T{hour:02}:30:00+08:00"), "temperature_c": "36.5"})
    };
    let readings: Vec<Json> = cases
        .iter()
        .flat_map(|case| (0..14).flat_map(move |day| [8, 18].map(|hour| reading(case, day, hour))))
        .collect();
    for some in readings.chunks(500) {
        let made = doctor.post("/v1/temperature-readings:batch", &json!({"items": some})).await.expect(207).body;
        assert!(outcomes(&made).iter().all(|outcome| *outcome == "created"), "{made}");
    }
    let analyst = app.actor(Role::CdcOfficer, "雨城区").await;
    let analyst = Counted::new(&analyst.with("accept", "application/x-ndjson"));
    let lines =
        String::from_utf8(analyst.bytes("/v1/temperature-readings?from_on=2020-01-23&to_on=2020-02-06").await).unwrap();
    assert_eq!(lines.lines().count(), 1_120 + 1, "a line each, and the end");
    assert!(lines.lines().last().unwrap().contains("\"count\":1120"));
    let (requests, plain, packed) = analyst.cost();
    println!("1,120 temperatures: {plain} bytes, {packed} as they came");
    assert_eq!(requests, 1);
}
