//! What a list is asked for beside its filters: records by their ids.

use lianfang::platform::access::Role;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples};

const DAXING: &str = "511802005";
const BABU: &str = "511802114";

fn ids(list: &Json) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

/// Checkpoints of an area, the newest first.
async fn checkpoints(actor: &Actor, area_code: &str, many: usize) -> Vec<String> {
    let mut made = Vec::new();
    for _ in 0..many {
        made.insert(0, examples::checkpoint(actor, area_code).await);
    }
    made
}

/// A screening at each of these places, the newest first.
async fn screenings(actor: &Actor, places: &[String]) -> Vec<String> {
    let mut made = Vec::new();
    for (sequence, place) in (1..).zip(places) {
        let reply = actor.post("/v1/screenings", &examples::screening(place, sequence)).await.expect(201);
        made.push(reply.body["id"].as_str().unwrap().to_owned());
    }
    made
}

#[tokio::test]
async fn records_are_listed_by_their_ids_with_every_other_filter_and_paging() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = checkpoints(&admin, DAXING, 4).await;
    let named = format!("{},{},{}", made[0], made[3], Uuid::now_v7());
    let list = admin.get(&format!("/v1/places?ids={named}")).await.expect(200).body;
    assert_eq!(ids(&list), [&made[0], &made[3]]);
    assert_eq!(list["next_cursor"], Json::Null);
    let none = admin.get(&format!("/v1/places?ids={named}&operating_status=open&area_code={BABU}")).await;
    assert!(ids(&none.expect(200).body).is_empty());
    let first = admin.get(&format!("/v1/places?ids={named}&limit=1&counted=true")).await.expect(200);
    assert_eq!((ids(&first.body), first.header("total-count")), (vec![made[0].as_str()], "2"));
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = admin.get(&format!("/v1/places?ids={named}&limit=1&cursor={cursor}")).await.expect(200).body;
    assert_eq!(ids(&second), [&made[3]]);
    // A cursor is of the ids that it was given for.
    let other = admin.get(&format!("/v1/places?ids={}&limit=1&cursor={cursor}", made[1])).await;
    assert_eq!((other.status, other.code()), (400, "bad_cursor"));
    let file = admin.with("accept", "application/x-ndjson").download(&format!("/v1/places?ids={named}")).await.2;
    assert_eq!(String::from_utf8(file).unwrap().lines().count(), 3, "two records and the end");
}

#[tokio::test]
async fn ids_show_nobody_more_than_he_sees() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let here = checkpoints(&admin, DAXING, 1).await;
    let there = checkpoints(&admin, BABU, 1).await;
    let made = screenings(&admin, &[here, there].concat()).await;
    let path = format!("/v1/screenings?ids={}", made.join(","));
    assert_eq!(ids(&admin.get(&path).await.expect(200).body).len(), 2);
    let narrow = app.actor(Role::GateGuard, "大兴街道").await;
    let wall_up = narrow.get(&path).await.expect(200).body;
    assert_eq!(ids(&wall_up), [&made[0]]);
    app.take_down_the_wall().await;
    assert_eq!(narrow.get(&path).await.expect(200).body, wall_up);
}

#[tokio::test]
async fn two_hundred_ids_cost_what_one_costs_and_bad_ones_are_pointed_at() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = checkpoints(&admin, DAXING, 2).await;
    let list = |many: usize| {
        let others = std::iter::repeat_with(|| Uuid::now_v7().to_string());
        made.iter().cloned().chain(others).take(many).collect::<Vec<_>>().join(",")
    };
    let asked = async |many: usize| {
        let path = format!("/v1/places?ids={}", list(many));
        app.fewest_statements(async || drop(admin.get(&path).await.expect(200))).await
    };
    assert_eq!(asked(1).await, asked(200).await);
    let faults = async |text: &str| {
        let reply = admin.get(&format!("/v1/places?ids={text}")).await;
        (reply.status, reply.faults().iter().any(|(pointer, _)| pointer == "?ids"), reply.faults())
    };
    let too_many = faults(&list(201)).await;
    assert!(too_many.0 == 400 && too_many.2.contains(&("?ids".into(), "too_many".into())), "{too_many:?}");
    for text in ["", "1", "x,y", &format!("{},", made[0]), &format!("{0},{0}", made[0]), "%00"] {
        let (status, pointed, faults) = faults(text).await;
        assert!(status == 400 && pointed, "{text}: {status} {faults:?}");
    }
}
