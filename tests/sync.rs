//! Sync: what a phone hands in and fetches, item by item.

use chrono::TimeDelta;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples};

pub fn create(place: &str, sequence: u32) -> Json {
    let mut body = examples::screening(place, sequence);
    let id = body.as_object_mut().unwrap().remove("id").unwrap();
    json!({"kind": "screenings", "op": "create", "id": id, "occurred_at": "2020-02-02T08:30:00+08:00", "body": body})
}

pub fn amend(id: &Json, base_revision: i64, body: Json) -> Json {
    json!({"kind": "screenings", "op": "amend", "id": id, "base_revision": base_revision, "body": body})
}

pub async fn push(actor: &Actor, items: Json) -> Vec<Json> {
    let body = json!({"device_id": "phone-1", "items": items});
    let reply = actor.post("/v1/sync/push", &body).await.expect(207);
    reply.body["results"].as_array().unwrap().clone()
}

pub fn outcomes(results: &[Json]) -> Vec<&str> {
    results.iter().map(|result| result["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_push_is_taken_in_order_and_sent_again_changes_nothing() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(&app.administrator().await, "511802005").await;
    let mut first = create(&place, 1);
    first["body"]["temperature_c"] = "36.1".into();
    let items = json!([
        first.clone(),
        create(&place, 2),
        amend(&first["id"], 1, json!({"temperature_c": "37.4"})),
        {"kind": "screenings", "op": "void", "id": first["id"], "base_revision": 2, "body": {"reason": "录错"}},
    ]);
    let results = push(&guard, items.clone()).await;
    assert_eq!(outcomes(&results), ["created", "created", "revised", "revised"], "{results:#?}");
    let head = app.administrator().await.get("/v1/ledger/head").await.body["head"].clone();
    let again = push(&guard, items).await;
    assert_eq!(outcomes(&again), ["same", "same", "revised", "same"], "{again:#?}");
    assert_eq!(app.administrator().await.get("/v1/ledger/head").await.body["head"], head);
    let record = guard.get(&format!("/v1/screenings/{}", first["id"].as_str().unwrap())).await.body;
    assert_eq!(
        (&record["revision"], &record["source"], &record["temperature_c"]),
        (&json!(3), &json!("sync"), &json!("37.4"))
    );
}

#[tokio::test]
async fn what_others_changed_is_merged_or_kept_as_a_conflict() {
    let app = TestApp::start().await;
    let (guard, cadre) = (app.gate_guard("大兴街道").await, app.town_cadre("大兴街道").await);
    let place = examples::checkpoint(&cadre, "511802005").await;
    let item = create(&place, 1);
    let path = format!("/v1/screenings/{}", item["id"].as_str().unwrap());
    push(&guard, json!([item.clone()])).await;
    cadre.patch(&path, "\"1\"", &json!({"disposition": "waiting", "mask": true})).await.expect(200);

    let merged = push(&guard, json!([amend(&item["id"], 1, json!({"temperature_c": "36.9"}))])).await;
    assert_eq!((outcomes(&merged), &merged[0]["revision"]), (vec!["merged"], &json!(3)));
    let agreed = push(&guard, json!([amend(&item["id"], 1, json!({"mask": true}))])).await;
    assert_eq!(outcomes(&agreed), ["same"], "both said the same");

    let both = amend(&item["id"], 1, json!({"disposition": "admitted", "note": "已放行"}));
    let results = push(&guard, json!([both.clone()])).await;
    assert_eq!((outcomes(&results), &results[0]["fields"]), (vec!["conflict"], &json!(["disposition"])));
    let record = cadre.get(&path).await.body;
    assert_eq!(
        (&record["disposition"], &record["note"], &record["revision"]),
        (&json!("waiting"), &json!("已放行"), &json!(4))
    );
    assert_eq!(outcomes(&push(&guard, json!([both])).await), ["merged"], "sent again it is as it was answered");
    let conflicts = cadre.get("/v1/conflicts").await.expect(200).body["items"].clone();
    assert_eq!(conflicts.as_array().unwrap().len(), 1);
    assert_eq!(conflicts[0]["phone_values"], json!({"disposition": "admitted"}));
    let resolve = format!("/v1/conflicts/{}:resolve", conflicts[0]["id"].as_str().unwrap());
    app.gate_guard("八步镇").await.post(&resolve, &json!({"take": "phone"})).await.expect(404);
    cadre.post(&resolve, &json!({"take": "phone"})).await.expect(200);
    cadre.post(&resolve, &json!({"take": "phone"})).await.expect(200);
    cadre.post(&resolve, &json!({"take": "server"})).await.expect(409);
    assert_eq!(cadre.get(&path).await.body["disposition"], "admitted");
    assert_eq!(cadre.get("/v1/conflicts").await.body["items"], json!([]));
    let mut other = create(&place, 7);
    other["id"] = item["id"].clone();
    assert_eq!(outcomes(&push(&guard, json!([other])).await), ["conflict"], "the same id with other content");
}

#[tokio::test]
async fn what_can_not_be_placed_is_held_and_goes_through_later() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let place = Uuid::now_v7().to_string();
    let (early, mut broken) = (create(&place, 1), create(&place, 2));
    broken["body"]["temperature_c"] = "hot".into();
    let items = json!([
        early.clone(),
        broken.clone(),
        {"kind": "screenings", "op": "amend", "id": Uuid::now_v7(), "body": {"mask": true}},
        {"kind": "screenings", "op": "create"},
        "rubbish",
        {"kind": "inspections", "op": "create", "id": Uuid::now_v7(), "body": {}},
        {"kind": "nonsense", "op": "create", "id": Uuid::now_v7(), "body": {}},
    ]);
    let results = push(&guard, items.clone()).await;
    assert_eq!(outcomes(&results), ["held", "held", "held", "held", "held", "refused", "refused"], "{results:#?}");
    assert_eq!(results[0]["problem"]["errors"][0]["code"], "unknown_reference");
    push(&guard, items).await;
    let held = guard.get("/v1/held-items").await.expect(200).body["items"].as_array().unwrap().clone();
    assert_eq!(held.len(), 5, "held once, however often it is sent");
    let kept = app.rows("SELECT string_agg(encode(item, 'escape') || problem::text, '') AS text FROM held_items").await
        [0]
    .text("text")
    .unwrap();
    assert!(!kept.contains("王五") && !kept.contains("hot"));

    let new_place = json!({"id": place, "kind": "compound_gate", "name": "北门", "area_code": "511802005"});
    admin.post("/v1/places", &new_place).await.expect(201);
    assert_eq!(outcomes(&push(&guard, json!([early])).await), ["created"]);
    let open = guard.get("/v1/held-items").await.body["items"].as_array().unwrap().clone();
    assert_eq!(open.len(), 4, "what went through is settled");
    let mine = open.iter().find(|item| item["record_id"] == broken["id"]).unwrap();
    let path = format!("/v1/held-items/{}", mine["id"].as_str().unwrap());
    assert_eq!(mine["item"]["body"]["temperature_c"], "hot", "its author sees what he sent");
    let seen = admin.get(&path).await.expect(200).body;
    assert_eq!(
        (&seen["item"]["body"]["temperature_c"], &seen["state"]),
        (&json!("hot"), &json!("open")),
        "a supervisor sees it"
    );
    assert_eq!(seen["item"]["body"]["person"]["name"], "王*", "masked");
    app.gate_guard("大兴街道").await.get(&path).await.expect(404);
    assert_eq!(guard.post(&format!("{path}:retry"), &json!({})).await.expect(200).body["outcome"], "held");
    let mend = json!({"body": {"temperature_c": "36.6"}});
    admin.send(reqwest::Method::PATCH, &path, Some(mend.to_string())).await.expect(403);
    guard.send(reqwest::Method::PATCH, &path, Some(mend.to_string())).await.expect(200);
    assert_eq!(guard.post(&format!("{path}:retry"), &json!({})).await.expect(200).body["outcome"], "created");
    guard.post(&format!("{path}:retry"), &json!({})).await.expect(409);
    let receipts = guard.post("/v1/sync/receipts", &json!({"ids": [broken["id"], Uuid::now_v7()]})).await.expect(200);
    let receipts = receipts.body;
    assert_eq!((&receipts["items"][0]["fate"], &receipts["items"][1]["fate"]), (&json!("recorded"), &json!("unknown")));
    let other = open.iter().find(|item| item["record_id"] != broken["id"]).unwrap();
    let path = format!("/v1/held-items/{}", other["id"].as_str().unwrap());
    let gone = guard.post(&format!("{path}:discard"), &json!({"reason": "误操作"})).await.expect(200).body;
    assert_eq!(gone["state"], "discarded");
}

#[tokio::test]
async fn a_worker_who_moved_or_left_still_hands_in_what_he_has() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    let user = admin.get(&format!("/v1/users/{}", guard.id)).await.expect(200);
    let moved = json!({"roles": [{"role": "gate_guard", "area_code": "511802114"}]});
    admin.patch(&format!("/v1/users/{}", guard.id), user.header("etag"), &moved).await.expect(200);
    assert_eq!(outcomes(&push(&guard, json!([create(&place, 1)])).await), ["created"], "captured before he moved");
    let mut later = create(&place, 2);
    later["occurred_at"] = (app.core.clock.now() + TimeDelta::hours(1)).to_rfc3339().into();
    later["body"].as_object_mut().unwrap().remove("occurred_at");
    assert_eq!(outcomes(&push(&guard, json!([later])).await), ["held"], "captured after");

    let user = admin.get(&format!("/v1/users/{}", guard.id)).await.expect(200);
    admin.patch(&format!("/v1/users/{}", guard.id), user.header("etag"), &json!({"active": false})).await.expect(200);
    guard.get("/v1/places").await.expect(401);
    let pair =
        app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": guard.refresh_token})).await.expect(200).body;
    let mut left = guard.clone();
    left.token = pair["access_token"].as_str().map(str::to_owned);
    assert_eq!(left.get("/v1/sync/pull").await.expect(401).code(), "account_deactivated");
    assert_eq!(outcomes(&push(&left, json!([create(&place, 3)])).await), ["held"]);
    app.core.clock.shift(TimeDelta::days(15));
    app.core.accounts.forget_all();
    app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": pair["refresh_token"]})).await.expect(401);
    let held = admin.get("/v1/held-items").await;
    assert_eq!(held.status, 401, "the administrator's own token is over, too");
}
