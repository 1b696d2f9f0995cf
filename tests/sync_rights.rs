//! Sync: whose rights an item is judged by, and items whose names can't be stored.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples};
use crate::sync::{amend, create, outcomes, push};

/// Long before any grant of the test was taken away.
const EARLY: &str = "2020-02-02T08:30:00+08:00";

fn void(id: &Json) -> Json {
    json!({"kind": "screenings", "op": "void", "id": id, "occurred_at": EARLY, "body": {"reason": "录错"}})
}

/// Puts these roles in the place of somebody's.
async fn move_to(admin: &Actor, who: &Actor, role: &str, area_code: &str) {
    let path = format!("/v1/users/{}", who.id);
    let user = admin.get(&path).await.expect(200);
    let roles = json!({"roles": [{"role": role, "area_code": area_code}]});
    admin.patch(&path, user.header("etag"), &roles).await.expect(200);
}

#[tokio::test]
async fn a_grant_taken_away_reaches_nothing_of_others_whatever_the_device_says() {
    let app = TestApp::start().await;
    let (admin, former, guard) =
        (app.administrator().await, app.administrator().await, app.gate_guard("大兴街道").await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let (others, own) = (create(&place, 1), create(&place, 2));
    push(&guard, json!([others.clone()])).await;
    push(&former, json!([own.clone()])).await;
    move_to(&admin, &former, "volunteer", "511802114").await;

    let mut amended = amend(&others["id"], 1, json!({"mask": true}));
    amended["occurred_at"] = EARLY.into();
    let late = create(&place, 3);
    let items = json!([void(&others["id"]), amended, late.clone(), void(&own["id"]), void(&late["id"])]);
    let results = push(&former, items).await;
    assert_eq!(outcomes(&results), ["held", "held", "created", "revised", "held"], "{results:#?}");
    let read = admin.get(&format!("/v1/screenings/{}", others["id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!(read["revision"], 1, "{read}");
    for held in former.get("/v1/held-items").await.expect(200).body["items"].as_array().unwrap() {
        let retry = format!("/v1/held-items/{}:retry", held["id"].as_str().unwrap());
        assert_eq!(former.post(&retry, &json!({})).await.expect(200).body["outcome"], "held");
    }
}

#[tokio::test]
async fn names_that_can_not_be_stored_are_held_as_other_bad_names() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&app.administrator().await, "511802005").await;
    let item = create(&place, 1);
    push(&guard, json!([item.clone()])).await;
    let id = item["id"].as_str().unwrap();
    let amending = |body: &str| format!(r#"{{"kind":"screenings","op":"amend","id":"{id}","body":{body}}}"#);
    let (unknown, twice) = (amending(r#"{"\u0000":null}"#), amending(r#"{"\u0000":1,"\u0000":1}"#));
    let kind = format!(r#"{{"kind":"scr\u0000","op":"create","id":"{}","\u0000":1,"\u0000":2}}"#, Uuid::now_v7());
    let text = format!(r#"{{"device_id":"phone-1","items":[{unknown},{twice},{kind}]}}"#);
    let reply = guard.send(reqwest::Method::POST, "/v1/sync/push", Some(text)).await.expect(207);
    let results = reply.body["results"].as_array().unwrap().clone();
    assert_eq!(outcomes(&results), ["held", "held", "held"], "{results:#?}");
    assert_eq!(results[0]["problem"]["errors"][0]["code"], "unknown_field");
    assert_eq!(results[1]["problem"]["errors"][0]["code"], "duplicate_field");
    assert_eq!(guard.get("/v1/held-items").await.expect(200).body["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn of_two_creations_with_one_id_the_second_may_be_taken() {
    let app = TestApp::start().await;
    let (guard, cadre) = (app.gate_guard("大兴街道").await, app.town_cadre("大兴街道").await);
    let place = examples::checkpoint(&cadre, "511802005").await;
    let (first, mut second) = (create(&place, 1), create(&place, 2));
    second["id"] = first["id"].clone();
    second["body"]["temperature_c"] = "37.4".into();
    let results = push(&guard, json!([first.clone(), second])).await;
    assert_eq!(outcomes(&results), ["created", "conflict"], "{results:#?}");
    let conflict = cadre.get("/v1/conflicts").await.expect(200).body["items"][0]["id"].clone();
    let resolve = format!("/v1/conflicts/{}:resolve", conflict.as_str().unwrap());
    let path = format!("/v1/screenings/{}", first["id"].as_str().unwrap());
    let before = cadre.get(&path).await.expect(200).body;
    assert_eq!(cadre.post(&resolve, &json!({"take": "phone"})).await.expect(200).body["state"], "resolved");
    let read = cadre.get(&path).await.expect(200).body;
    assert_eq!((&read["temperature_c"], &read["revision"]), (&json!("37.4"), &json!(2)));
    assert_eq!(read["person_id"], before["person_id"], "whom it is of was fixed at its creation");
}
