//! Many records amended or voided in one request: each as its own request would be, by whoever may.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples};

const AREA: &str = "511802005";

/// Outcome and status of each result, which stand in the order of the items.
fn told(body: &Json) -> Vec<(String, i64)> {
    let results = body["results"].as_array().unwrap();
    assert!(results.iter().enumerate().all(|(index, result)| result["index"] == index), "{body}");
    let told = |result: &Json| (result["outcome"].as_str().unwrap().to_owned(), result["status"].as_i64().unwrap());
    results.iter().map(told).collect()
}

fn of(outcome: &str, status: i64) -> (String, i64) {
    (outcome.into(), status)
}

async fn places(actor: &Actor, area_code: &str, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let body = json!({"kind": "mall", "name": format!("商场{number}"), "area_code": area_code});
        let made = actor.post("/v1/places", &body).await.expect(201);
        ids.push(made.body["id"].as_str().unwrap().to_owned());
    }
    ids
}

fn amending(ids: &[String], revision: i64, patch: &Json) -> Json {
    json!({"items": ids.iter().map(|id| json!({"id": id, "revision": revision, "patch": patch})).collect::<Vec<_>>()})
}

#[tokio::test]
async fn each_is_amended_as_its_own_request_would() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let ids = places(&admin, AREA, 6).await;
    admin.patch(&format!("/v1/places/{}", ids[1]), "\"1\"", &json!({"note": "x"})).await.expect(200);
    admin.post(&format!("/v1/places/{}:void", ids[2]), &json!({"reason": "x"})).await.expect(200);
    let mut body = amending(&ids, 1, &json!({"note": "改"}));
    let items = body["items"].as_array_mut().unwrap();
    items[3]["patch"] = json!({"colour": 1, "name": null, "change_no": 7});
    items[4]["patch"] = json!({"name": "商场4"});
    items.push(json!({"id": Uuid::now_v7(), "revision": 1, "patch": {}}));
    let before = app.rows("SELECT count(*) AS n FROM record_revisions WHERE kind = 'places'").await[0].integer("n");
    let tried = admin.post("/v1/places:batch-amend?validate_only=true", &body).await.expect(207);
    assert_eq!(
        app.rows("SELECT count(*) AS n FROM record_revisions WHERE kind = 'places'").await[0].integer("n"),
        before
    );
    let written = admin.post("/v1/places:batch-amend", &body).await.expect(207);
    let refusals = [
        (1, of("refused", 412)),
        (2, of("refused", 409)),
        (3, of("refused", 400)),
        (4, of("same", 200)),
        (6, of("refused", 404)),
    ];
    for (index, outcome) in refusals {
        assert_eq!((&told(&tried.body)[index], &told(&written.body)[index]), (&outcome, &outcome), "{index}");
        assert_eq!(
            tried.body["results"][index]["problem"]["errors"],
            written.body["results"][index]["problem"]["errors"]
        );
    }
    assert_eq!((&told(&tried.body)[0], &told(&tried.body)[5]), (&of("valid", 200), &of("valid", 200)));
    assert_eq!((&told(&written.body)[0], &told(&written.body)[5]), (&of("amended", 200), &of("amended", 200)));
    assert_eq!(written.body["results"][5]["revision"], 2);
    assert_eq!(written.body["results"][1]["problem"]["code"], "stale");
    let faults = written.body["results"][3]["problem"]["errors"].as_array().unwrap();
    let mut pointers: Vec<&str> = faults.iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    pointers.dedup();
    assert_eq!(pointers, ["/patch/change_no", "/patch/colour", "/patch/name"]);
    let one = admin.get(&format!("/v1/places/{}", ids[5])).await.expect(200);
    assert_eq!((&one.body["note"], &one.body["revision"]), (&json!("改"), &json!(2)));
    assert_eq!(written.body["results"][5]["change_no"], one.body["change_no"]);
    assert_eq!(admin.get(&format!("/v1/places/{}", ids[1])).await.body["note"], "x", "what was stale stays");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn each_is_voided_for_its_reason_and_once_more_is_no_fault() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let ids = places(&admin, AREA, 4).await;
    let gate = examples::checkpoint(&admin, AREA).await;
    admin.post("/v1/screenings", &examples::screening(&gate, 1)).await.expect(201);
    let body = json!({"items": [
        {"id": ids[0], "revision": 1, "reason": "重复录入"},
        {"id": ids[1], "reason": "重复录入"},
        {"id": ids[2], "revision": 7, "reason": "x"},
        {"id": ids[3]},
        {"id": gate, "revision": 1, "reason": "x"},
    ]});
    let refused = [of("refused", 412), of("refused", 422), of("refused", 409)];
    let tried = admin.post("/v1/places:batch-void?validate_only=true", &body).await.expect(207);
    assert_eq!(told(&tried.body), [&[of("valid", 200), of("valid", 200)], &refused[..]].concat());
    let voided = admin.post("/v1/places:batch-void", &body).await.expect(207);
    assert_eq!(told(&voided.body), [&[of("voided", 200), of("voided", 200)], &refused[..]].concat());
    assert_eq!(voided.body["results"][4]["problem"]["code"], "in_use");
    let one = admin.get(&format!("/v1/places/{}", ids[0])).await.expect(200);
    assert_eq!((one.body["voided_at"].is_null(), &one.body["void_reason"]), (false, &json!("重复录入")));
    let again = admin.post("/v1/places:batch-void", &body).await.expect(207);
    assert_eq!(told(&again.body)[..2], [of("same", 200), of("same", 200)]);
}

#[tokio::test]
async fn a_key_gives_what_was_changed_again() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let ids = places(&admin, AREA, 3).await;
    let mut body = amending(&ids, 1, &json!({"note": "改"}));
    body["items"][2]["revision"] = 9.into();
    let keyed = admin.with("idempotency-key", "tonight");
    let first = keyed.post("/v1/places:batch-amend", &body).await.expect(207);
    assert_eq!(told(&first.body), [of("amended", 200), of("amended", 200), of("refused", 412)]);
    let again = keyed.post("/v1/places:batch-amend", &body).await.expect(207);
    assert_eq!(told(&again.body), told(&first.body));
    assert_eq!(again.body["results"][0], first.body["results"][0], "the revision answered then");
    body["items"][0]["patch"] = json!({"note": "另"});
    let other = keyed.post("/v1/places:batch-amend", &body).await.expect(207);
    assert_eq!(other.body["results"][0]["problem"]["code"], "idempotency_key_reused");
    let keyless =
        admin.post("/v1/places:batch-amend", &amending(&ids[..1], 1, &json!({"note": "改"}))).await.expect(207);
    assert_eq!(told(&keyless.body), [of("refused", 412)], "without a key a second one is stale");
    let bad = admin.with("idempotency-key", "").post("/v1/places:batch-amend", &body).await.expect(400);
    assert_eq!(bad.code(), "bad_idempotency_key");
    let both = amending(&ids[2..], 1, &json!({"note": "同时"}));
    let (one, two) =
        tokio::join!(keyed.post("/v1/places:batch-amend", &both), keyed.post("/v1/places:batch-amend", &both));
    assert_eq!((told(&one.body), told(&two.body)), (vec![of("amended", 200)], vec![of("amended", 200)]));
    assert_eq!(admin.get(&format!("/v1/places/{}", ids[2])).await.body["revision"], 2, "one effect");
}

async fn screening(admin: &Actor, area_code: &str, sequence: u32) -> (String, String) {
    let gate = examples::checkpoint(admin, area_code).await;
    let made = admin.post("/v1/screenings", &examples::screening(&gate, sequence)).await.expect(201);
    (gate, made.body["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_narrow_account_changes_nothing_beyond_its_own() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (_, here) = screening(&admin, AREA, 1).await;
    let (gate_elsewhere, elsewhere) = screening(&admin, "511802101", 2).await;
    let town = app.town_cadre("大兴街道").await;
    let ids = [here.clone(), elsewhere.clone()];
    let alone = town.patch(&format!("/v1/screenings/{elsewhere}"), "\"1\"", &json!({"note": "改"})).await.expect(404);
    for path in ["/v1/screenings:batch-amend?validate_only=true", "/v1/screenings:batch-amend"] {
        let reply = town.post(path, &amending(&ids, 1, &json!({"note": "改"}))).await.expect(207);
        assert_eq!(told(&reply.body)[0].1, 200, "{}", reply.body);
        let result = &reply.body["results"][1];
        assert_eq!((told(&reply.body)[1].1, &result["problem"]["code"]), (404, &alone.body["code"]));
        assert_eq!((&result["change_no"], result.get("revision")), (&Json::Null, None));
    }
    let away = json!({"place_id": gate_elsewhere});
    let reply = town.post("/v1/screenings:batch-amend", &amending(&ids[..1], 2, &away)).await.expect(207);
    let alone = town.patch(&format!("/v1/screenings/{here}"), "\"2\"", &away).await;
    assert!(alone.status >= 400);
    let result = &reply.body["results"][0];
    assert_eq!((&result["status"], &result["problem"]["code"]), (&json!(alone.status), &alone.body["code"]));
    let items = json!({"items": [{"id": elsewhere, "reason": "x"}, {"id": here, "reason": "x"}]});
    let reply = town.post("/v1/screenings:batch-void", &items).await.expect(207);
    assert_eq!(told(&reply.body), [of("refused", 404), of("voided", 200)]);
    assert!(admin.get(&format!("/v1/screenings/{elsewhere}")).await.body["voided_at"].is_null());
    let guard = app.gate_guard("大兴街道").await;
    for path in ["/v1/places:batch-amend", "/v1/places:batch-void"] {
        assert_eq!(guard.post(path, &items).await.expect(403).code(), "forbidden");
    }
    // A closed room stays closed to whoever is of another.
    assert_eq!(town.post("/v1/counseling-sessions:batch-void", &items).await.expect(403).code(), "forbidden");
}

#[tokio::test]
async fn hostile_items_are_told_and_spoil_no_other() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let ids = places(&admin, AREA, 1).await;
    let id = &ids[0];
    for (body, pointer) in [
        (json!([]), ""),
        (json!({}), "/items"),
        (json!({"items": []}), "/items"),
        (json!({"items": vec![json!({}); 501]}), "/items"),
        (json!({"items": [{}], "atomic": true}), "/atomic"),
    ] {
        for path in ["/v1/places:batch-amend", "/v1/places:batch-void"] {
            let reply = admin.post(path, &body).await;
            assert!(matches!(reply.status, 400 | 422), "{}", reply.body);
            assert_eq!(reply.faults()[0].0, pointer);
        }
    }
    let bodies = [
        json!(null),
        json!({"id": "x", "revision": 0, "patch": null, "reason": "y"}),
        json!({"id": id, "revision": 9_223_372_036_854_775_807_i64, "patch": {}}),
        json!({"id": id, "revision": 1, "patch": [1]}),
        json!({"id": id, "revision": 1, "patch": {"note": "a\u{0}b"}}),
        json!({"id": id, "patch": {"note": "good"}}),
    ];
    let reply = admin.post("/v1/places:batch-amend", &json!({"items": bodies})).await.expect(207);
    assert!(
        told(&reply.body).iter().all(|(outcome, status)| outcome == "refused" && (400..500).contains(status)),
        "{}",
        reply.body
    );
    let faults = reply.body["results"][1]["problem"]["errors"].as_array().unwrap();
    assert_eq!(faults.len(), 4, "all at once: {faults:?}");
    assert_eq!(reply.body["results"][3]["problem"]["errors"][0]["pointer"], "/patch");
    let twice = json!({"items": [{"id": id, "revision": 1, "patch": {"note": "a"}}, {"id": id, "revision": 2, "patch": {"note": "b"}}]});
    let reply = admin.post("/v1/places:batch-amend", &twice).await.expect(207);
    assert_eq!(told(&reply.body), [of("amended", 200), of("refused", 422)]);
    assert_eq!(reply.body["results"][1]["problem"]["errors"][0]["code"], "repeated_item");
    let repeated =
        format!(r#"{{"items":[{{"id":"{id}","revision":2,"patch":{{"note":"c"}},"patch":{{"note":"d"}}}}]}}"#);
    let reply = admin.send(reqwest::Method::POST, "/v1/places:batch-amend", Some(repeated)).await.expect(207);
    assert_eq!(told(&reply.body), [of("refused", 400)]);
    let voids = json!({"items": [{"id": id, "reason": " "}, {"id": id, "revision": "2", "reason": "x".repeat(501), "patch": {}}]});
    let reply = admin.post("/v1/places:batch-void", &voids).await.expect(207);
    assert!(told(&reply.body).iter().all(|told| told.0 == "refused"), "{}", reply.body);
    assert_eq!(admin.get(&format!("/v1/places/{id}")).await.body["note"], "a");
}

#[tokio::test]
async fn five_hundred_are_one_request_of_few_flights() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let items: Vec<Json> = (0..500)
        .map(|number| json!({"id": Uuid::now_v7(), "kind": "mall", "name": format!("商场{number}"), "area_code": AREA}))
        .collect();
    admin.post("/v1/places:batch", &json!({"items": items})).await.expect(207);
    let ids: Vec<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    let entries = async || app.rows("SELECT count(*) AS n FROM ledger_entries").await[0].integer("n").unwrap();
    let before = entries().await;
    let reply = admin.post("/v1/places:batch-amend", &amending(&ids, 1, &json!({"note": "改"}))).await.expect(207);
    assert!(told(&reply.body).iter().all(|told| *told == of("amended", 200)), "{}", reply.body);
    assert!(entries().await - before < 250, "they share entries of the ledger: {}", entries().await - before);
    let numbers: Vec<i64> =
        reply.body["results"].as_array().unwrap().iter().map(|result| result["change_no"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted(), "in the order of the items");
}
