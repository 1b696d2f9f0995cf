//! Many records changed, all or none: whatever is refused, whoever comes between, whenever the process ends.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::batches::outcomes;
use crate::support::process::{Folder, Served};
use crate::support::{Actor, TestApp, examples};

const AREA: &str = "511802005";

fn of(outcome: &str, status: i64) -> (String, i64) {
    (outcome.into(), status)
}

async fn places(actor: &Actor, area_code: &str, count: usize) -> Vec<String> {
    let of_number =
        |number| json!({"id": Uuid::now_v7(), "kind": "mall", "name": format!("商场{number}"), "area_code": area_code});
    let items: Vec<Json> = (0..count).map(of_number).collect();
    actor.post("/v1/places:batch?atomic=true", &json!({"items": items})).await.expect(207);
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn amending(ids: &[String], revision: i64, note: &str) -> Json {
    let of_id = |id: &String| json!({"id": id, "revision": revision, "patch": {"note": note}});
    json!({"items": ids.iter().map(of_id).collect::<Vec<_>>()})
}

async fn notes(actor: &Actor, ids: &[String]) -> Vec<(Json, Json)> {
    let mut notes = Vec::new();
    for id in ids {
        let one = actor.get(&format!("/v1/places/{id}")).await.expect(200).body;
        notes.push((one["note"].clone(), one["revision"].clone()));
    }
    notes
}

#[tokio::test]
async fn one_that_is_refused_leaves_all_as_they_are_and_each_says_why() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let ids = places(&admin, AREA, 4).await;
    let mut body = amending(&ids, 1, "改");
    body["items"][1]["revision"] = 7.into();
    body["items"][2]["patch"] = json!({"colour": 1, "name": null});
    let before = notes(&admin, &ids).await;
    for path in ["?atomic=true&validate_only=true", "?atomic=true"] {
        let reply = admin.post(&format!("/v1/places:batch-amend{path}"), &body).await.expect(207).body;
        let aborted = of("refused", 424);
        assert_eq!(outcomes(&reply), [aborted.clone(), of("refused", 412), of("refused", 400), aborted], "{path}");
        assert_eq!(reply["results"][0]["problem"]["code"], "batch_aborted");
        assert_eq!(reply["results"][2]["problem"]["errors"].as_array().unwrap().len(), 2, "all its faults");
        assert_eq!(notes(&admin, &ids).await, before);
    }
    let entries = async || app.rows("SELECT count(*) AS n FROM ledger_entries").await[0].integer("n").unwrap();
    let before = entries().await;
    let good = amending(&ids, 1, "改");
    let tried = admin.post("/v1/places:batch-amend?atomic=true&validate_only=true", &good).await.expect(207).body;
    assert!(outcomes(&tried).iter().all(|outcome| *outcome == of("valid", 200)), "{tried}");
    assert_eq!(entries().await, before);
    let keyed = admin.with("idempotency-key", "tonight");
    let first = keyed.post("/v1/places:batch-amend?atomic=true", &good).await.expect(207).body;
    assert!(outcomes(&first).iter().all(|outcome| *outcome == of("amended", 200)), "{first}");
    assert_eq!(entries().await, before + 1, "one entry");
    let numbers: Vec<i64> =
        first["results"].as_array().unwrap().iter().map(|result| result["change_no"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (numbers[0]..numbers[0] + 4).collect::<Vec<_>>());
    assert!(first["results"].as_array().unwrap().iter().all(|result| result["revision"] == 2));
    assert_eq!(keyed.post("/v1/places:batch-amend?atomic=true", &good).await.expect(207).body, first, "again");
    assert!(notes(&admin, &ids).await.iter().all(|told| *told == (json!("改"), json!(2))));
    let same = admin.post("/v1/places:batch-amend?atomic=true", &amending(&ids, 2, "改")).await.expect(207).body;
    assert!(outcomes(&same).iter().all(|outcome| *outcome == of("same", 200)), "{same}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn what_is_in_use_keeps_the_others_from_being_voided() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let free = places(&admin, AREA, 2).await;
    let gate = examples::checkpoint(&admin, AREA).await;
    admin.post("/v1/screenings", &examples::screening(&gate, 1)).await.expect(201);
    let of_id = |id: &String| json!({"id": id, "revision": 1, "reason": "重复录入"});
    let all: Vec<Json> = free.iter().chain([&gate]).map(of_id).collect();
    for path in ["?atomic=true&validate_only=true", "?atomic=true"] {
        let reply = admin.post(&format!("/v1/places:batch-void{path}"), &json!({"items": all})).await.expect(207).body;
        assert_eq!(outcomes(&reply), [of("refused", 424), of("refused", 424), of("refused", 409)], "{path}");
        assert_eq!(reply["results"][2]["problem"]["code"], "in_use");
    }
    assert!(admin.get(&format!("/v1/places/{}", free[0])).await.body["voided_at"].is_null());
    let reply = admin.post("/v1/places:batch-void?atomic=true", &json!({"items": all[..2]})).await.expect(207).body;
    assert_eq!(outcomes(&reply), [of("voided", 200), of("voided", 200)]);
    let again = admin.post("/v1/places:batch-void?atomic=true", &json!({"items": all[..2]})).await.expect(207).body;
    assert_eq!(outcomes(&again), [of("same", 200), of("same", 200)]);
    // A gate is void with what names it, in one go, where that comes first.
    let child =
        json!({"kind": "mall", "name": "铺面", "area_code": AREA, "parent_id": places(&admin, AREA, 1).await[0]});
    let child = admin.post("/v1/places", &child).await.expect(201).body;
    let (child, parent) = (child["id"].as_str().unwrap().to_owned(), child["parent_id"].as_str().unwrap().to_owned());
    let both = [child, parent].map(|id| of_id(&id));
    let reply = admin.post("/v1/places:batch-void?atomic=true", &json!({"items": both})).await.expect(207).body;
    assert_eq!(outcomes(&reply), [of("voided", 200), of("voided", 200)], "{reply}");
}

#[tokio::test]
async fn of_two_at_once_one_has_all_and_the_other_none_and_nobody_reaches_beyond_his_own() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let ids = places(&admin, AREA, 60).await;
    let path = "/v1/places:batch-amend?atomic=true";
    let (one, two) = (amending(&ids, 1, "甲"), amending(&ids, 1, "乙"));
    let (one, two) = tokio::join!(admin.post(path, &one), admin.post(path, &two));
    let done = |reply: &Json| outcomes(reply).iter().filter(|outcome| outcome.0 == "amended").count();
    let mut counts = [done(&one.expect(207).body), done(&two.expect(207).body)];
    counts.sort_unstable();
    assert_eq!(counts, [0, 60]);
    let told = notes(&admin, &ids).await;
    assert!(told.iter().all(|note| *note == told[0] && note.1 == 2), "{told:?}");

    let elsewhere = places(&admin, "511802101", 1).await;
    let mixed = amending(&[ids[0].clone(), elsewhere[0].clone()], 2, "丙");
    let town = app.town_cadre("大兴街道").await;
    let reply = town.post(path, &mixed).await.expect(207).body;
    assert_eq!(outcomes(&reply)[0], of("refused", 424));
    assert!([403, 404].contains(&outcomes(&reply)[1].1), "{reply}");
    let both = app.actor(lianfang::platform::access::Role::DistrictAdmin, "雅安市").await;
    let mingshan = json!({"id": Uuid::now_v7(), "kind": "mall", "name": "x", "area_code": "511803"});
    both.post("/v1/places", &mingshan).await.expect(201);
    let items = json!({"items": [
        {"id": ids[0], "revision": 2, "patch": {"note": "丁"}},
        {"id": mingshan["id"], "revision": 1, "patch": {"note": "丁"}},
    ]});
    for query in ["?atomic=true", "?atomic=true&validate_only=true"] {
        let reply = both.post(&format!("/v1/places:batch-amend{query}"), &items).await.expect(422);
        assert_eq!(reply.code(), "spans_districts");
    }
    assert_eq!(notes(&admin, &ids[..1]).await[0], told[0]);
}

/// Killed at any moment, all of a batch is there or nothing of it.
#[tokio::test]
async fn a_killed_service_leaves_all_or_none() {
    let folder = Folder::new("atomic");
    let mut served = Served::start(&folder);
    let account = folder.add_user("admin");
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let path = "/v1/places:batch?atomic=true";
    let standing: Vec<Json> = (0..200).map(|number| place(number, None)).collect();
    assert_eq!(served.send("POST", path, &token, &json!({"items": standing})).await.0, 207);
    let mut seen = [0, 0];
    for (round, after_ms) in [15, 45, 90, 160].into_iter().enumerate() {
        let parent = place(0, None);
        let below: Vec<Json> = (0..249).map(|number| place(number, Some(&parent))).collect();
        let items: Vec<Json> = std::iter::once(parent.clone()).chain(below).collect();
        let creation = json!({"items": items});
        let note = format!("第{round}次");
        let of_place =
            |place: &Json| json!({"id": place["id"], "revision": revision_of(&seen), "patch": {"note": note}});
        let amendment = json!({"items": standing.iter().map(of_place).collect::<Vec<_>>()});
        let (client, base) = (reqwest::Client::new(), served.base.clone());
        let send = async |path: &str, body: &Json| {
            let request = client.post(format!("{base}{path}")).bearer_auth(&token);
            let request = request.header("content-type", "application/json").body(body.to_string());
            request.send().await.map(|response| response.status().as_u16())
        };
        let under_way =
            async { tokio::join!(send(path, &creation), send("/v1/places:batch-amend?atomic=true", &amendment)) };
        let killed = async {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
            served.signal(Signal::SIGKILL);
        };
        let _ = tokio::join!(under_way, killed);
        served = Served::start(&folder);
        let made = stand(&served, &token, &creation["items"]).await.len();
        let standing = stand(&served, &token, &amendment["items"]).await;
        let changed = standing.iter().filter(|item| item["note"] == note.as_str()).count();
        assert!([0, 250].contains(&made), "{made} of 250 after {after_ms} ms");
        assert!([0, 200].contains(&changed), "{changed} of 200 after {after_ms} ms");
        seen[0] += made / 250;
        seen[1] += changed / 200;
    }
}

/// Those of the items that stand.
async fn stand(served: &Served, token: &str, items: &Json) -> Vec<Json> {
    let mut all = Vec::new();
    for some in items.as_array().unwrap().chunks(125) {
        let ids: Vec<&str> = some.iter().map(|item| item["id"].as_str().unwrap()).collect();
        let path = format!("/v1/places?limit=500&ids={}", ids.join(","));
        let (status, list) = served.send("GET", &path, token, &Json::Null).await;
        assert_eq!(status, 200, "{list}");
        all.extend(list["items"].as_array().unwrap().iter().cloned());
    }
    all
}

/// The revision that stands after so many amendments.
fn revision_of(seen: &[usize; 2]) -> usize {
    seen[1] + 1
}

fn place(number: u32, parent: Option<&Json>) -> Json {
    let mut body = json!({"id": Uuid::now_v7(), "kind": "mall", "name": format!("商场{number}"), "area_code": AREA});
    if let Some(parent) = parent {
        body["parent_id"] = parent["id"].clone();
    }
    body
}
