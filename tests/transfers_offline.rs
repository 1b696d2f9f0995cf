//! A case that moved, and phones: what is on its way is taken, what comes into sight and leaves it is told.

use std::collections::BTreeSet;

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{case, make, notified, set_clock, step};
use crate::support::{Actor, TestApp};
use crate::sync::{outcomes, push};
use crate::transfers::{DAXING, handed_over};

/// A phone's store: kind and id of what it holds.
struct Phone {
    actor: Actor,
    store: BTreeSet<(String, String)>,
    cursor: Option<String>,
}

impl Phone {
    fn of(actor: &Actor) -> Self {
        Self { actor: actor.clone(), store: BTreeSet::new(), cursor: None }
    }

    /// Fetches what is new, and finds that the server counts the same.
    async fn pull(&mut self) {
        loop {
            let query = self.cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.actor.get(&format!("/v1/sync/pull?limit=3{query}")).await.expect(200).body;
            for change in page["changes"].as_array().unwrap() {
                let text = |name: &str| change[name].as_str().unwrap().to_owned();
                let key = (text("kind"), text("id"));
                if change["op"] == "upsert" {
                    self.store.insert(key)
                } else {
                    self.store.remove(&key)
                };
            }
            self.cursor = page["next_cursor"].as_str().map(str::to_owned);
            if page["has_more"] == false {
                break;
            }
        }
        let sums = self.actor.post("/v1/sync/checksum", &json!({})).await.expect(200).body;
        for kind in sums["kinds"].as_array().unwrap() {
            let held = self.store.iter().filter(|(name, _)| kind["kind"] == name.as_str()).count();
            assert_eq!(kind["count"], held, "{}", kind["kind"]);
        }
    }

    fn holds(&self, kind: &str, id: &str) -> bool {
        self.store.contains(&(kind.to_owned(), id.to_owned()))
    }
}

#[tokio::test]
async fn phones_of_both_towns_hold_what_their_people_see() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T09:00:00+08:00");
    let (nurse, town, new_nurse) =
        (app.health_worker("八步镇").await, app.town_cadre("八步镇").await, app.health_worker("大兴街道").await);
    let id = notified(&nurse, case(1, json!({}))).await;
    let early = make(&nurse, "temperature-readings", json!({"case_id": id, "temperature_c": "36.5"})).await;
    let person = nurse.get(&format!("/v1/isolation-cases/{id}")).await.body["person_id"].as_str().unwrap().to_owned();
    let (mut old, mut new) = (Phone::of(&nurse), Phone::of(&new_nurse));
    old.pull().await;
    new.pull().await;
    assert!(old.holds("temperature_readings", &early) && new.store.is_empty());
    let head = new_nurse.get("/v1/changes?since=0&limit=500").await.expect(200).body["next"].as_i64().unwrap();
    handed_over(&town, &id).await;
    // Other things happen in between, so that pages are cut somewhere else.
    let note = json!({"case_id": id, "line": "health_center", "health_status": "well"});
    let late = make(&new_nurse, "follow-up-visits", note).await;
    old.pull().await;
    new.pull().await;
    for phone in [&old, &new] {
        for (kind, id) in [
            ("isolation_cases", &id),
            ("people", &person),
            ("temperature_readings", &early),
            ("follow_up_visits", &late),
        ] {
            assert!(phone.holds(kind, id), "{kind}");
        }
    }
    // The feed tells the same, in the order of its numbers.
    let feed = new_nurse.get(&format!("/v1/changes?since={head}&limit=500")).await.expect(200).body;
    let items = feed["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["id"] == early.as_str() && item["record"].is_object()), "{feed}");
    assert!(items.is_sorted_by_key(|item| item["change_no"].as_i64()));
    step(&new_nurse, &id, "transfer_accepted", json!({})).await.expect(201);
    old.pull().await;
    new.pull().await;
    assert!(!old.holds("isolation_cases", &id) && !old.holds("follow_up_visits", &late), "theirs no more");
    assert!(old.holds("temperature_readings", &early) && old.holds("people", &person), "what they recorded stays");
    assert!(new.holds("temperature_readings", &early) && new.holds("people", &person));
}

#[tokio::test]
async fn a_person_registered_elsewhere_comes_with_his_case() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let nurse = app.health_worker("大兴街道").await;
    let mut phone = Phone::of(&nurse);
    // The person is of another town than the case.
    make(
        &admin,
        "people",
        json!({"name": "王五", "document_number": crate::support::fake_resident_id(9), "area_code": "511802114"}),
    )
    .await;
    phone.pull().await;
    let mut body = case(9, json!({"area_code": DAXING}));
    body["person"]["name"] = "王五".into();
    let id = make(&admin, "isolation-cases", body).await;
    let person = nurse.get(&format!("/v1/isolation-cases/{id}")).await.expect(200).body["person_id"]
        .as_str()
        .unwrap()
        .to_owned();
    nurse.get(&format!("/v1/people/{person}")).await.expect(200);
    phone.pull().await;
    assert!(phone.holds("people", &person));
}

#[tokio::test]
async fn what_was_on_its_way_when_the_case_left_is_taken() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let (nurse, town) = (app.health_worker("八步镇").await, app.town_cadre("八步镇").await);
    let (new_nurse, far) = (app.health_worker("大兴街道").await, app.actor(Role::HealthWorker, "雨城区").await);
    let id = notified(&nurse, case(1, json!({}))).await;
    set_clock(&app, "2020-01-23T12:30:00+08:00");
    let (nurse, town) = (app.health_worker("八步镇").await, {
        drop(town);
        app.town_cadre("八步镇").await
    });
    let new_nurse = {
        drop(new_nurse);
        app.health_worker("大兴街道").await
    };
    handed_over(&town, &id).await;
    let reading = |at: &str, slot: &str| {
        json!({"kind": "temperature_readings", "op": "create", "id": Uuid::now_v7(), "occurred_at": at,
            "body": {"case_id": id, "temperature_c": "36.5", "slot": slot}})
    };
    // Until it is accepted they care for him still, before and after he moved.
    let (before, after) = (reading("2020-01-23T08:30:00+08:00", "am"), reading("2020-01-23T12:30:00+08:00", "extra"));
    let results = push(&nurse, json!([before.clone(), after])).await;
    assert_eq!(outcomes(&results), ["created", "created"], "{results:#?}");
    let read =
        new_nurse.get(&format!("/v1/temperature-readings/{}", before["id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!(read["area_code"], "511802114", "it stands where it was done");
    let morning =
        crate::duties::duties(&new_nurse, &format!("subject_id={id}&duty_kind=am_reading&to_on=2020-01-23")).await;
    assert_eq!((&morning[0]["state"], &morning[0]["proof"]["id"]), (&json!("done"), &before["id"]));
    step(&new_nurse, &id, "transfer_accepted", json!({})).await.expect(201);
    // Then only what happened while they had him.
    set_clock(&app, "2020-01-23T16:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (before, after) = (reading("2020-01-23T11:00:00+08:00", "extra"), reading("2020-01-23T15:00:00+08:00", "pm"));
    let results = push(&nurse, json!([before, after])).await;
    assert_eq!(outcomes(&results), ["created", "held"], "{results:#?}");
    let warned: Vec<Json> =
        nurse.get("/v1/temperature-readings?limit=1&order=oldest").await.body["items"].as_array().unwrap().clone();
    assert!(!warned.is_empty());
    let stranger = app.health_worker("碧峰峡镇").await;
    let direct =
        json!({"case_id": id, "temperature_c": "36.5", "occurred_at": "2020-01-23T11:10:00+08:00", "slot": "extra"});
    assert_eq!(stranger.post("/v1/temperature-readings", &direct).await.expect(422).faults()[0].1, "unknown_reference");
    let taken = nurse.post("/v1/temperature-readings", &direct).await.expect(201);
    assert_eq!(taken.warnings(), ["left_your_area"]);
    drop(far);
}
