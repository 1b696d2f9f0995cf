//! Shapes of townships: a district's own, checked as a whole, kept, audited; none are shipped.

use lianfang::platform::access::Role;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::{Actor, Reply, TestApp};

const PATH: &str = "/v1/divisions/geometry";

fn square(west: f64) -> Json {
    json!([[[west, 30.0], [west + 0.1, 30.0], [west + 0.1, 30.1], [west, 30.1], [west, 30.0]]])
}

fn feature(code: &str, coordinates: Json) -> Json {
    json!({"type": "Feature", "properties": {"code": code, "owner": "张三"}, "geometry": {"type": "Polygon", "coordinates": coordinates}})
}

fn collection(features: &[Json]) -> Json {
    json!({"type": "FeatureCollection", "name": "雨城", "features": features})
}

async fn put(actor: &Actor, body: &Json) -> Reply {
    actor.send(Method::PUT, PATH, Some(body.to_string())).await
}

#[tokio::test]
async fn a_district_loads_its_own_shapes_and_only_they_are_kept() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    assert_eq!(admin.get(PATH).await.status, 404, "none are shipped");
    let two = collection(&[feature("511802005", square(102.0)), feature("511802114", square(102.2))]);
    let loaded = put(&admin, &two).await.expect(200);
    assert_eq!(loaded.body["features"][0]["properties"], json!({"code": "511802005", "name": "大兴街道"}));
    assert!(!loaded.body.to_string().contains("张三"), "what else the file held isn't kept");
    let reader = app.actor(Role::StatisticsReader, "八步镇").await;
    let read = reader.get(PATH).await.expect(200);
    assert_eq!((&read.body, read.header("etag")), (&loaded.body, loaded.header("etag")));
    assert_eq!(reader.with("if-none-match", read.header("etag")).get(PATH).await.status, 304);
    // The newest is shown, the former one stays.
    put(&admin, &collection(&[feature("511802005", square(102.1))])).await.expect(200);
    assert_eq!(admin.get(PATH).await.expect(200).body["features"].as_array().unwrap().len(), 1);
    let kept = app.rows("SELECT count(*) AS total FROM division_geometries").await[0].integer("total");
    assert_eq!(kept, Some(2));
    let audit = admin.get("/v1/audit?verb=division_geometry.load").await.expect(200).body;
    assert_eq!(audit["items"].as_array().unwrap().len(), 2);
    assert_eq!(audit["items"][0]["details"]["shapes"], 1);
}

#[tokio::test]
async fn shapes_are_loaded_by_the_command_of_the_whole_district() {
    let app = TestApp::start().await;
    let one = collection(&[feature("511802005", square(102.0))]);
    for (role, area) in [(Role::TownCadre, "大兴街道"), (Role::DistrictAdmin, "大兴街道"), (Role::OrgAdmin, "雨城区")]
    {
        let actor = app.actor(role, area).await;
        assert_eq!(put(&actor, &one).await.status, 403, "{role:?} {area}");
    }
    let admin = app.administrator().await;
    let elsewhere = admin.send(Method::PUT, &format!("{PATH}?district_code=511803"), Some(one.to_string())).await;
    assert_eq!(elsewhere.status, 404);
}

#[tokio::test]
async fn every_fault_of_a_file_is_told_with_its_place() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let open = json!([[[102.0, 30.0], [102.1, 30.0], [102.1, 30.1], [102.0, 30.2]]]);
    let few = json!([[[102.0, 30.0], [102.0, 30.0]]]);
    let far = json!([[[11_365_000.0, 3_500_000.0], [102.1, 30.0], [102.1, 30.1], [11_365_000.0, 3_500_000.0]]]);
    let line = json!({"type": "Feature", "properties": {"code": "511802001"}, "geometry": {"type": "LineString", "coordinates": []}});
    let nameless = json!({"type": "Feature", "properties": {}, "geometry": null});
    let reply = put(
        &admin,
        &collection(&[
            feature("511802005", open),
            feature("511802005", few),
            feature("511803100", far),
            feature("511802005001", json!("x")),
            line,
            nameless,
        ]),
    )
    .await
    .expect(422);
    let faults: Vec<(String, String)> = reply.faults();
    for (pointer, code) in [
        ("/features/0/geometry/coordinates/0", "ring_open"),
        ("/features/1/properties/code", "repeated_item"),
        ("/features/1/geometry/coordinates/0", "too_few"),
        ("/features/2/properties/code", "not_a_township_here"),
        ("/features/2/geometry/coordinates/0/0", "out_of_range"),
        ("/features/3/properties/code", "not_a_township_here"),
        ("/features/3/geometry/coordinates", "wrong_type"),
        ("/features/4/geometry/type", "not_in_vocabulary"),
        ("/features/5/properties/code", "required"),
        ("/features/5/geometry/type", "required"),
    ] {
        assert!(faults.contains(&(pointer.to_owned(), code.to_owned())), "{pointer} {code}: {faults:?}");
    }
    for body in [
        json!([]),
        json!({}),
        json!(null),
        json!({"type": "FeatureCollection", "features": []}),
        json!({"type": "Topology", "features": 5}),
    ] {
        assert_eq!(put(&admin, &body).await.status, 422, "{body}");
    }
    let large = format!("{{\"type\": \"FeatureCollection\", \"x\": \"{}\"}}", "y".repeat(2 * 1024 * 1024));
    assert_eq!(admin.send(Method::PUT, PATH, Some(large)).await.status, 413);
    assert_eq!(admin.get(PATH).await.status, 404, "nothing of it was kept");
}
