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
        .rows("SELECT kind || '.' || measure AS name, total FROM record_rollups WHERE total <> 0 ORDER BY name")
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
    lianfang::verify::verify(&app.service, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
