//! The change feed: in order, nothing missed, nothing repeated, only what the caller may see.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::support::patience::by_itself;
use crate::support::{Actor, TestApp, examples};

/// Follows the feed to its head; the items.
async fn follow(actor: &Actor, query: &str) -> Vec<Json> {
    let (mut since, mut all) = (0, Vec::new());
    loop {
        let page = actor.get(&format!("/v1/changes?since={since}{query}")).await.expect(200).body;
        all.extend(page["items"].as_array().unwrap().clone());
        let next = page["next"].as_i64().unwrap();
        assert!(next >= since);
        if next == page["head"].as_i64().unwrap() {
            return all;
        }
        assert!(next > since, "the feed stands still");
        since = next;
    }
}

fn keys(items: &[Json]) -> Vec<(i64, i64, String, i64, String)> {
    let text = |item: &Json, name: &str| item[name].as_str().unwrap().to_owned();
    let number = |item: &Json, name: &str| item[name].as_i64().unwrap();
    items
        .iter()
        .map(|item| {
            (
                number(item, "change_no"),
                number(item, "seq"),
                text(item, "kind"),
                number(item, "revision"),
                text(item, "op"),
            )
        })
        .collect()
}

#[tokio::test]
async fn every_revision_is_one_item_as_it_was_then() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let path =
        admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201).header("location").to_owned();
    admin.patch(&path, "\"1\"", &json!({"temperature_c": "38.0"})).await.expect(200);
    admin.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(200);
    let items = follow(&admin, "").await;
    let expected = [
        (1, 1, "places", 1, "create"),
        (2, 0, "people", 1, "create"),
        (2, 1, "screenings", 1, "create"),
        (3, 1, "screenings", 2, "amend"),
        (4, 1, "screenings", 3, "void"),
    ];
    assert_eq!(keys(&items), expected.map(|(n, s, k, r, o)| (n, s, k.to_owned(), r, o.to_owned())));
    assert_eq!(
        (&items[2]["record"]["temperature_c"], &items[3]["record"]["temperature_c"]),
        (&json!("36.5"), &json!("38.0"))
    );
    assert_eq!(items[1]["record"]["name"], "王*");
    assert_eq!(items[4]["record"], admin.get(&path).await.body);
    for limit in [1, 2, 3] {
        assert_eq!(keys(&follow(&admin, &format!("&limit={limit}")).await), keys(&items), "pages of {limit}");
    }
    let screenings = follow(&admin, "&kinds=screenings&limit=1").await;
    assert_eq!(screenings.len(), 3);
    admin.get("/v1/changes?kinds=dragons").await.expect(400);
}

#[tokio::test]
async fn a_reader_beside_the_writers_misses_and_repeats_nothing() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let writers: Vec<_> = (0..8_u32)
        .map(|writer| {
            let (admin, place) = (admin.clone(), place.clone());
            tokio::spawn(async move {
                for round in 0..12 {
                    let body = examples::screening(&place, writer * 100 + round);
                    let path = admin.post("/v1/screenings", &body).await.expect(201).header("location").to_owned();
                    if round % 3 == 0 {
                        admin.patch(&path, "\"1\"", &json!({"note": "again"})).await.expect(200);
                    }
                }
            })
        })
        .collect();
    let (mut since, mut seen) = (1, Vec::new());
    let mut done = false;
    while !done {
        done = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let page = admin.get(&format!("/v1/changes?since={since}&kinds=screenings&limit=7")).await.expect(200).body;
        done &= page["next"] == page["head"];
        since = page["next"].as_i64().unwrap();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| (item["change_no"].as_i64().unwrap(), item["revision"].as_i64().unwrap())),
        );
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(seen.is_sorted(), "out of order");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len(), "repeated");
    assert_eq!(seen.iter().filter(|(_, revision)| *revision == 1).count(), 96);
    assert_eq!(seen.iter().filter(|(_, revision)| *revision == 2).count(), 32);
}

#[tokio::test]
async fn scope_holds_and_what_leaves_it_is_told() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (here, there) =
        (examples::checkpoint(&admin, "511802005").await, examples::checkpoint(&admin, "511802114").await);
    let path =
        admin.post("/v1/screenings", &examples::screening(&here, 1)).await.expect(201).header("location").to_owned();
    admin.post("/v1/screenings", &examples::screening(&there, 2)).await.expect(201);
    let guard = app.gate_guard("大兴街道").await;
    let before = follow(&guard, "&kinds=screenings").await;
    assert_eq!(before.len(), 1);
    admin.patch(&path, "\"1\"", &json!({"place_id": there})).await.expect(200);
    let after = follow(&guard, "&kinds=screenings").await;
    let operations: Vec<&str> = after.iter().map(|item| item["op"].as_str().unwrap()).collect();
    assert_eq!(operations, ["create", "access_revoked"]);
    // Amended where he doesn't see it, before he asked again: he is told all the same, and once.
    let other =
        admin.post("/v1/screenings", &examples::screening(&here, 3)).await.expect(201).header("location").to_owned();
    let head = guard.get("/v1/changes?kinds=screenings").await.expect(200).body["head"].clone();
    admin.patch(&other, "\"1\"", &json!({"place_id": there})).await.expect(200);
    admin.patch(&other, "\"2\"", &json!({"temperature_c": "36.9"})).await.expect(200);
    let page = guard.get(&format!("/v1/changes?since={head}&kinds=screenings")).await.expect(200).body;
    let operations: Vec<&str> =
        page["items"].as_array().unwrap().iter().map(|item| item["op"].as_str().unwrap()).collect();
    assert_eq!(operations, ["access_revoked"]);
    admin.patch(&other, "\"3\"", &json!({"temperature_c": "37.0"})).await.expect(200);
    let page = guard.get(&format!("/v1/changes?since={}&kinds=screenings", page["next"])).await.expect(200).body;
    assert_eq!(page["items"], json!([]), "what happens to it there isn't his to know");
    assert_eq!((&after[1]["record"], &after[1]["area_code"]), (&Json::Null, &Json::Null));
    let elsewhere = app.gate_guard("上里镇").await;
    for kind in ["screenings", "people"] {
        assert_eq!(follow(&elsewhere, &format!("&kinds={kind}")).await, Vec::<Json>::new(), "{kind}");
    }
    let reader = app.actor(Role::StatisticsReader, "雨城区").await;
    let kinds: BTreeSet<String> =
        follow(&reader, "").await.iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect();
    assert!(kinds.is_empty(), "{kinds:?}");
    let outside = app.actor(Role::DistrictAdmin, "名山区").await;
    outside.get("/v1/changes?district_code=511802").await.expect(404);
}

#[tokio::test]
async fn waiting_ends_when_something_happens_here_or_in_another_process() {
    let app = TestApp::start().await;
    let other = app.another().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    for writer in [&app, &other] {
        let head = admin.get("/v1/ledger/head").await.expect(200).body["head"].as_i64().unwrap();
        let waiting = {
            let admin = admin.clone();
            tokio::spawn(async move { admin.get(&format!("/v1/changes?since={head}&wait=30")).await.expect(200) })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        let cadre = writer.town_cadre("大兴街道").await;
        cadre.post("/v1/screenings", &examples::screening(&place, 9)).await.expect(201);
        let page = by_itself(waiting).await.unwrap().body;
        assert_eq!(page["items"].as_array().unwrap().last().unwrap()["kind"], "screenings");
    }
    let started = Instant::now();
    let head = admin.get("/v1/ledger/head").await.body["head"].as_i64().unwrap();
    let empty = admin.get(&format!("/v1/changes?since={head}&wait=1")).await.expect(200).body;
    assert_eq!((&empty["items"], &empty["next"]), (&json!([]), &json!(head)));
    assert!(started.elapsed() >= Duration::from_secs(1));
}

/// Ids of a page.
async fn told(actor: &Actor, path: &str) -> Vec<Json> {
    let page = actor.get(path).await.expect(200).body;
    page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect()
}

#[tokio::test]
async fn a_page_is_read_once_for_all_who_see_the_same_and_for_nobody_else() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let here = examples::checkpoint(&admin, "511802005").await;
    let there = examples::checkpoint(&admin, "511802114").await;
    let head = admin.get("/v1/ledger/head").await.expect(200).body["head"].clone();
    let path = format!("/v1/changes?since={head}&kinds=screenings,supply_reports");
    let near = admin.post("/v1/screenings", &examples::screening(&here, 1)).await.expect(201).body["id"].clone();
    let far = admin.post("/v1/screenings", &examples::screening(&there, 2)).await.expect(201).body["id"].clone();
    let others: Vec<Actor> = vec![app.administrator().await, app.administrator().await, app.administrator().await];
    // Known, so that only the page is read.
    for other in &others {
        other.get("/v1/ledger/head").await.expect(200);
    }
    let first = admin.get(&path).await.expect(200).body;
    let read = async || {
        for other in &others {
            assert_eq!(other.get(&path).await.expect(200).body, first);
        }
    };
    let statements = app.fewest_statements(read).await;
    assert!(statements <= 3, "{statements} statements for three who come after another");
    // Whoever sees another part of it is told that, in whatever order they come.
    let guard = app.gate_guard("大兴街道").await;
    assert_eq!(told(&guard, &path).await, [near.clone()]);
    assert_eq!(told(&app.gate_guard("八步镇").await, &path).await, [far.clone()]);
    assert_eq!(told(&admin, &path).await, [near.clone(), far.clone()]);
    assert_eq!(told(&guard, &path).await, [near.clone()]);
    assert_eq!(told(&admin, &format!("{path}&area_code=511802114")).await, [far.clone()]);
    // The next record is told at once.
    let next = admin.post("/v1/screenings", &examples::screening(&here, 3)).await.expect(201).body["id"].clone();
    assert_eq!(told(&others[0], &path).await, [near.clone(), far, next.clone()]);
    assert_eq!(told(&guard, &path).await, [near, next]);
}

#[tokio::test]
async fn who_sees_only_his_own_shares_no_page() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let store =
        json!({"kind": "supermarket", "name": "雨城超市", "area_code": "511802005", "operating_status": "open"});
    let store = admin.post("/v1/places", &store).await.expect(201).body["id"].clone();
    let head = admin.get("/v1/ledger/head").await.expect(200).body["head"].clone();
    let path = format!("/v1/changes?since={head}&kinds=supply_reports");
    let clerks = [app.actor(Role::StoreReporter, "雨城区").await, app.actor(Role::StoreReporter, "雨城区").await];
    let mut reports = Vec::new();
    for (clerk, day) in clerks.iter().zip(["2020-02-01", "2020-02-02"]) {
        let report = json!({"place_id": store, "reported_on": day, "is_zero": true});
        reports.push(clerk.post("/v1/supply-reports", &report).await.expect(201).body["id"].clone());
    }
    for (clerk, report) in clerks.iter().zip(&reports) {
        assert_eq!(told(clerk, &path).await, [report.clone()]);
    }
}
