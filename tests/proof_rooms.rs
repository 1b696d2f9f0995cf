//! Disinfections, publicity and inspections: what is their own. The rest comes by being records.

use serde_json::json;

use crate::support::{TestApp, examples};

#[tokio::test]
async fn their_rules_hold_and_their_figures_are_kept() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let gate = examples::checkpoint(&admin, "511802005").await;
    let shop = json!({"kind": "supermarket", "name": "超市", "area_code": "511802005"});
    let shop = admin.post("/v1/places", &shop).await.expect(201).body["id"].clone();

    let body = json!({"place_id": gate, "area_m2": "350.5", "operators": ["刘洋", "陈静"]});
    let made = admin.post("/v1/disinfections", &body).await.expect(201).body;
    assert_eq!((&made["activity"], &made["operator_count"]), (&json!("disinfection"), &json!(2)));
    let none = json!({"place_id": gate, "area_m2": "0"});
    assert_eq!(
        admin.post("/v1/disinfections", &none).await.expect(422).faults(),
        [("/area_m2".into(), "out_of_range".into())]
    );

    let leaflets = json!({"method": "leaflet_to_household", "topic": "anti_rumor", "copies": 200, "households_reached": 180, "area_code": "511802005"});
    admin.post("/v1/publicity-activities", &leaflets).await.expect(201);

    let inspection = |items| json!({"place_id": shop, "items": items});
    let failed = json!([{"code": "disinfection", "result": "fail"}, {"code": "masks", "result": "pass"}]);
    assert_eq!(admin.post("/v1/inspections", &inspection(failed)).await.expect(201).body["passed"], false);
    let twice = json!([{"code": "masks", "result": "pass"}, {"code": "masks", "result": "fail"}]);
    let faults = admin.post("/v1/inspections", &inspection(twice)).await.expect(422).faults();
    assert_eq!(faults, [("/items/1/code".to_owned(), "repeated_item".to_owned())]);
    let at_gate = json!({"place_id": gate, "items": [{"code": "masks", "result": "pass"}]});
    assert_eq!(admin.post("/v1/inspections", &at_gate).await.expect(422).faults()[0].1, "wrong_kind_of_place");

    let kept = app
        .rows("SELECT kind || '.' || measure AS name, total::bigint AS total FROM record_rollups WHERE total <> 0 ORDER BY name")
        .await;
    let kept: Vec<(String, i64)> =
        kept.into_iter().map(|mut row| (row.text("name").unwrap(), row.integer("total").unwrap())).collect();
    let expected = [
        ("disinfections.disinfected_dm2", 35_050),
        ("disinfections.disinfections", 1),
        ("inspections.inspections", 1),
        ("inspections.items_failed", 1),
        ("publicity_activities.copies", 200),
        ("publicity_activities.households_reached", 180),
        ("publicity_activities.publicity_activities", 1),
    ];
    let own: Vec<(&str, i64)> = kept.iter().map(|(name, total)| (name.as_str(), *total)).collect();
    assert_eq!(own, expected);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

/// Import, export, sync and the feed come to every kind, as it is a kind of record.
#[tokio::test]
async fn every_kind_is_imported_exported_synced_and_followed() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for place in examples::places() {
        admin.post("/v1/places", &place).await.expect(201);
    }
    for kind in lianfang::server::routes::KINDS.iter().filter(|kind| !kind.writers.is_empty()) {
        let example = examples::of_kind(kind.name);
        let import = async |line: String| {
            let path = format!("/v1/imports?kind={}", kind.name);
            let reply = admin.with("content-type", "application/x-ndjson").upload(&path, line.into()).await.expect(200);
            reply.body["counts"].clone()
        };
        assert_eq!(import(example.to_string()).await["created"], 1, "{}", kind.name);
        assert_eq!(import(example.to_string()).await["same"], 1, "{}", kind.name);
        let mut other = example.clone();
        let id = other.as_object_mut().unwrap().remove("id").unwrap_or(json!(uuid::Uuid::now_v7()));
        let item = json!({"kind": kind.name, "op": "create", "id": id, "body": other});
        let pushed = admin.post("/v1/sync/push", &json!({"device_id": "x", "items": [item]})).await.expect(207).body;
        let known = example.get("id").is_some() || kind.name == "people";
        let expected = if known { "same" } else { "created" };
        assert_eq!(pushed["results"][0]["outcome"], expected, "{} {pushed}", kind.name);
        for media_type in ["text/csv", "application/x-ndjson"] {
            let (status, _, bytes) = admin.with("accept", media_type).download(&format!("/v1/{}", kind.path)).await;
            assert_eq!(status, 200);
            assert!(String::from_utf8(bytes).unwrap().lines().count() >= 2, "{}", kind.name);
        }
        let followed = admin.get(&format!("/v1/changes?since=0&kinds={}", kind.name)).await.expect(200).body;
        // A closed room is followed by nobody.
        assert_eq!(followed["items"].as_array().unwrap().is_empty(), kind.closed, "{}", kind.name);
    }
    for kind in lianfang::server::routes::KINDS.iter() {
        examples::bulletin_of_its_own(&admin, kind, "511802005").await;
    }
    let pulled = admin.get("/v1/sync/pull?limit=500").await.expect(200).body;
    let kinds: std::collections::BTreeSet<&str> =
        pulled["changes"].as_array().unwrap().iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds.len(), lianfang::server::routes::KINDS.len());
}
