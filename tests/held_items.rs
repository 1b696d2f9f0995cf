//! Held items lend nobody's hand: they stay what they were sent as, are seen by whoever lets them through, and run
//! with their author's rights.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::isolation_cases::{case, make};
use crate::support::{Actor, Reply, TestApp, examples};
use crate::sync::{create, outcomes, push};

/// Holds an item that a guard sends; the path of it.
async fn held(guard: &Actor, item: Json) -> String {
    let results = push(guard, json!([item])).await;
    assert_eq!(outcomes(&results), ["held"], "{results:#?}");
    let items = guard.get("/v1/held-items").await.expect(200).body["items"].as_array().unwrap().clone();
    let found = items.iter().find(|held| held["record_id"] == item["id"]).unwrap();
    format!("/v1/held-items/{}", found["id"].as_str().unwrap())
}

async fn mend(actor: &Actor, path: &str, patch: Json) -> Reply {
    actor.send(reqwest::Method::PATCH, path, Some(patch.to_string())).await
}

async fn retry(actor: &Actor, path: &str) -> Reply {
    actor.send(reqwest::Method::POST, &format!("{path}:retry"), None).await
}

fn broken(place: &str, sequence: u32) -> Json {
    let mut item = create(place, sequence);
    item["body"]["temperature_c"] = "hot".into();
    item
}

#[tokio::test]
async fn an_item_is_for_ever_what_it_was_sent_as() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let nurse = app.health_worker("八步镇").await;
    let case_id = make(&nurse, "isolation-cases", case(1, json!({}))).await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let there = examples::checkpoint(&admin, "511802114").await;
    let path = held(&guard, broken(&place, 1)).await;
    for (patch, pointer) in [
        (json!({"kind": "isolation_case_transitions"}), "/kind"),
        (json!({"op": "void"}), "/op"),
        (json!({"id": there}), "/id"),
        (json!({"occurred_at": "2019-01-01T00:00:00Z"}), "/occurred_at"),
    ] {
        let reply = mend(&guard, &path, patch).await.expect(422);
        assert_eq!(reply.faults(), [(pointer.to_owned(), "create_only".to_owned())]);
    }
    assert_eq!(mend(&guard, &path, json!({"item": {}})).await.expect(400).faults()[0].1, "unknown_field");
    assert_eq!(mend(&guard, &path, json!({"body": null})).await.expect(400).faults()[0].1, "not_an_object");

    // The attack: a transition of somebody's case, in the body of what was a passage.
    let transition =
        json!({"case_id": case_id, "to": "centralized", "temperature_c": null, "person": null, "answers": null});
    mend(&guard, &path, json!({"body": transition})).await.expect(200);
    let seen = admin.get(&path).await.expect(200).body;
    assert_eq!(
        (&seen["kind"], &seen["op"], &seen["item"]["kind"]),
        (&json!("screenings"), &json!("create"), &json!("screenings"))
    );
    assert_eq!(retry(&admin, &path).await.expect(200).body["outcome"], "held");
    let state = nurse.get(&format!("/v1/isolation-cases/{case_id}")).await.expect(200).body["state"].clone();
    assert_eq!(state, "identified");
}

#[tokio::test]
async fn what_was_turned_into_something_else_before_never_runs() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let path = held(&guard, broken(&place, 1)).await;
    for change in
        ["op = 'void'", "kind = 'places', op = 'create'", "kind = 'screenings', record_id = gen_random_uuid()"]
    {
        app.sql(&format!("UPDATE held_items SET {change}")).await;
        for actor in [&admin, &guard] {
            assert_eq!(retry(actor, &path).await.expect(422).faults()[0].1, "create_only", "{change}");
        }
    }
}

#[tokio::test]
async fn it_runs_with_its_authors_rights_and_is_recorded_as_his() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let there = examples::checkpoint(&admin, "511802114").await;
    // In another town, where he may not write: whoever lets it through doesn't lend him his arm.
    let elsewhere = held(&guard, create(&there, 1)).await;
    assert_eq!(retry(&admin, &elsewhere).await.expect(200).body["outcome"], "held");
    let theirs = create(&there, 2);
    push(&admin, json!([theirs.clone()])).await;
    let void = json!({"kind": "screenings", "op": "void", "id": theirs["id"], "body": {"reason": "录错"}});
    let voiding = held(&guard, void).await;
    assert_eq!(retry(&admin, &voiding).await.expect(200).body["outcome"], "held");
    let theirs = admin.get(&format!("/v1/screenings/{}", theirs["id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!(theirs["voided_at"], Json::Null);

    let mine = broken(&place, 3);
    let path = held(&guard, mine.clone()).await;
    mend(&guard, &path, json!({"body": {"temperature_c": "36.6"}})).await.expect(200);
    assert_eq!(retry(&admin, &path).await.expect(200).body["outcome"], "created");
    let record = admin.get(&format!("/v1/screenings/{}", mine["id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!((&record["recorded_by"], &record["source"]), (&json!(guard.id), &json!("sync")));
    let lines = auditor.get("/v1/audit?verb=held_item.retry").await.expect(200).body["items"].clone();
    assert_eq!((&lines[0]["actor_id"], &lines[0]["details"]["author_id"]), (&json!(admin.id), &json!(guard.id)));
}

#[tokio::test]
async fn whoever_lets_it_through_reads_it_masked_and_says_which_he_read() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut item = broken(&place, 1);
    item["body"]["unheard_of"] = "王五的电话".into();
    let path = held(&guard, item).await;
    let reply = admin.get(&path).await.expect(200);
    let body = &reply.body["item"]["body"];
    assert_eq!((&body["temperature_c"], &body["place_id"]), (&json!("hot"), &json!(place)));
    assert_eq!((&body["person"]["name"], &body["unheard_of"]), (&json!("王*"), &Json::Null));
    for secret in ["王五", "15400000001", &crate::support::fake_resident_id(1)] {
        assert!(!reply.body.to_string().contains(secret), "{secret}");
    }
    assert_eq!(guard.get(&path).await.expect(200).body["item"]["body"]["person"]["name"], "王五");
    mend(&guard, &path, json!({"body": {"temperature_c": "36.6", "unheard_of": null}})).await.expect(200);
    let read_before = admin.with("if-match", reply.header("etag"));
    assert_eq!(retry(&read_before, &path).await.expect(412).code(), "stale");
    let now = admin.get(&path).await.expect(200).header("etag").to_owned();
    assert_eq!(retry(&admin.with("if-match", &now), &path).await.expect(200).body["outcome"], "created");
}

#[tokio::test]
async fn rights_that_were_taken_away_come_back_for_nothing_written_since() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let theirs = create(&place, 9);
    push(&admin, json!([theirs.clone()])).await;
    // Lacking its reason, which comes later.
    let void = |item: &Json| json!({"kind": "screenings", "op": "void", "id": item["id"], "body": {"why": "录错"}});
    let (own, amended) = (
        create(&place, 1),
        json!({"kind": "screenings", "op": "amend", "id": theirs["id"], "body": {"temperature_c": "hot"}}),
    );
    push(&guard, json!([own.clone()])).await;
    let (written_then, written_since) = (held(&guard, void(&own)).await, held(&guard, amended).await);
    mend(&guard, &written_then, json!({"body": {"reason": "录错"}})).await.expect(200);
    let user = admin.get(&format!("/v1/users/{}", guard.id)).await.expect(200);
    let moved = json!({"roles": [{"role": "gate_guard", "area_code": "511802114"}]});
    admin.patch(&format!("/v1/users/{}", guard.id), user.header("etag"), &moved).await.expect(200);
    mend(&guard, &written_since, json!({"body": {"temperature_c": "36.9"}})).await.expect(200);
    for path in [&written_then, &written_since] {
        assert_eq!(retry(&guard, path).await.expect(200).body["outcome"], "held", "himself, with what he holds now");
    }
    assert_eq!(retry(&admin, &written_since).await.expect(200).body["outcome"], "held");
    assert_eq!(retry(&admin, &written_then).await.expect(200).body["outcome"], "revised");
}

#[tokio::test]
async fn what_somebody_left_behind_is_let_through_by_others() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let user = admin.get(&format!("/v1/users/{}", guard.id)).await.expect(200);
    admin.patch(&format!("/v1/users/{}", guard.id), user.header("etag"), &json!({"active": false})).await.expect(200);
    let pair =
        app.nobody().post("/v1/auth/refresh", &json!({"refresh_token": guard.refresh_token})).await.expect(200).body;
    let mut left = guard.clone();
    left.token = pair["access_token"].as_str().map(str::to_owned);
    assert_eq!(outcomes(&push(&left, json!([create(&place, 1)])).await), ["held"]);
    let id = admin.get("/v1/held-items").await.expect(200).body["items"][0]["id"].clone();
    let path = format!("/v1/held-items/{}", id.as_str().unwrap());
    retry(&left, &path).await.expect(401);
    assert_eq!(retry(&admin, &path).await.expect(200).body["outcome"], "created");
}

#[tokio::test]
async fn a_conflict_lends_no_hand_either() {
    let app = TestApp::start().await;
    let (guard, admin) = (app.gate_guard("大兴街道").await, app.administrator().await);
    let nurse = app.health_worker("八步镇").await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let item = create(&place, 1);
    let mut second = create(&place, 2);
    second["id"] = item["id"].clone();
    second["body"]["temperature_c"] = "37.4".into();
    push(&guard, json!([item.clone(), second])).await;
    let conflict = admin.get("/v1/conflicts").await.expect(200).body["items"][0].clone();
    assert_eq!(conflict["phone_values"]["person"]["name"], "王*");
    let path = format!("/v1/conflicts/{}:resolve", conflict["id"].as_str().unwrap());
    // Its author turns out to be nobody who writes there.
    app.sql(&format!("UPDATE sync_conflicts SET user_id = '{}'", nurse.id)).await;
    admin.post(&path, &json!({"take": "phone"})).await.expect(404);
    app.sql(&format!("UPDATE sync_conflicts SET user_id = '{}'", guard.id)).await;
    admin.post(&path, &json!({"take": "phone"})).await.expect(200);
}
