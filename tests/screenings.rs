//! Screenings at checkpoints: asked, checked, registered.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{TestApp, examples};

#[tokio::test]
async fn the_life_of_a_screening() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    let body = examples::screening(&place, 1);
    let path = format!("/v1/screenings/{}", body["id"].as_str().unwrap());

    let created = guard.post("/v1/screenings", &body).await.expect(201);
    assert_eq!(created.header("location"), path);
    assert_eq!(created.header("etag"), "\"1\"");
    assert_eq!(created.header("cache-control"), "no-store");
    assert_eq!(created.body["area_code"], "511802005");
    assert_eq!(created.body["abnormal"], false);
    assert_eq!(created.body["complete"], true);
    assert_eq!(created.body["occurred_at"], "2020-02-02T08:30:00+08:00");
    assert_eq!(created.body["recorded_by"], guard.id.to_string());

    let same = guard.post("/v1/screenings", &body).await.expect(200);
    assert_eq!(same.body["change_no"], created.body["change_no"]);
    let mut other = body.clone();
    other["temperature_c"] = "36.6".into();
    let collision = guard.post("/v1/screenings", &other).await.expect(409);
    assert_eq!((collision.code(), collision.header("etag")), ("record_exists", "\"1\""));

    let patch = json!({"temperature_c": "37.3"});
    let unconditional = guard.send(reqwest::Method::PATCH, &path, Some(patch.to_string())).await;
    assert_eq!(unconditional.expect(428).code(), "if_match_required");
    let stale = guard.patch(&path, "\"7\"", &patch).await.expect(412);
    assert_eq!(stale.header("etag"), "\"1\"");
    let amended = guard.patch(&path, "\"1\"", &patch).await.expect(200);
    assert_eq!((amended.header("etag"), &amended.body["abnormal"]), ("\"2\"", &json!(true)));
    assert_eq!(
        amended.warnings(),
        ["reported_late", "retest_advised", "unknown_county"],
        "those of the amendment and of whom it introduced"
    );
    assert_eq!(guard.post("/v1/screenings", &body).await.expect(200).body["revision"], 2, "a retry after an amendment");

    let revisions = guard.get(&format!("{path}/revisions")).await.expect(200);
    let temperatures: Vec<&Json> =
        revisions.body["items"].as_array().unwrap().iter().map(|item| &item["temperature_c"]).collect();
    assert_eq!(temperatures, ["36.5", "37.3"]);

    let void = json!({"reason": "entered twice"});
    let voided = guard.post(&format!("{path}:void"), &void).await.expect(200);
    assert_eq!((&voided.body["void_reason"], &voided.body["revision"]), (&json!("entered twice"), &json!(3)));
    assert_eq!(guard.post(&format!("{path}:void"), &void).await.expect(200).body["revision"], 3);
    assert_eq!(guard.patch(&path, "\"3\"", &patch).await.expect(409).code(), "record_voided");
    assert_eq!(guard.post("/v1/screenings", &body).await.expect(200).body["revision"], 3, "a retry after a void");
    assert_eq!(guard.get("/v1/screenings").await.body["items"], json!([]));
    assert_eq!(guard.get("/v1/screenings?include_voided=true").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_towns_guard_sees_none_of_it() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005001").await;
    let body = examples::screening(&place, 2);
    cadre.post("/v1/screenings", &body).await.expect(201);

    let stranger = app.gate_guard("八步镇").await;
    let mut there = stranger.get(&format!("/v1/screenings/{}", body["id"].as_str().unwrap())).await.expect(404);
    let mut nowhere = stranger.get(&format!("/v1/screenings/{}", Uuid::now_v7())).await.expect(404);
    for reply in [&mut there, &mut nowhere] {
        reply.body["request_id"] = Json::Null;
        reply.headers.remove("x-request-id");
        reply.headers.remove("date");
    }
    assert_eq!((there.body, there.headers), (nowhere.body, nowhere.headers));
    for path in ["/v1/screenings", "/v1/people", "/v1/screenings?area_code=511802005"] {
        assert_eq!(stranger.get(path).await.expect(200).body["items"], json!([]), "{path}");
    }
    // The gate's name is no secret; who writes there is its own town's.
    let elsewhere = stranger.post("/v1/screenings", &examples::screening(&place, 3)).await.expect(403);
    assert_eq!(elsewhere.code(), "out_of_area");

    let own = examples::checkpoint(&app.town_cadre("八步镇").await, "511802114").await;
    let mut taken = examples::screening(&own, 4);
    taken["id"] = body["id"].clone();
    let reply = stranger.post("/v1/screenings", &taken).await.expect(409);
    assert_eq!((reply.code(), reply.header("etag")), ("id_taken", ""));
    let mut outside = examples::screening(&own, 4);
    outside["area_code"] = "511802005".into();
    assert_eq!(stranger.post("/v1/screenings", &outside).await.expect(403).code(), "out_of_area");
}

#[tokio::test]
async fn all_faults_are_told_at_once_and_none_of_the_values() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut body = examples::screening(&place, 5);
    body["person"]["document_number"] = "519999199003070022".into();
    body["colour"] = "red".into();
    let reply = admin.post("/v1/screenings", &body).await.expect(400);
    let pointers: Vec<String> = reply.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/colour", "/person/document_number"]);
    assert!(!reply.body.to_string().contains("519999199003070022"));

    let worse = json!({"place_id": Uuid::now_v7(), "direction": "up", "temperature_c": 36.5, "answers": ["none", "refused"],
        "person_id": Uuid::now_v7(), "person": {"name": "张*", "phone": "12"}, "vehicle": {"plate_number": "XX"}, "abnormal": true});
    let faults = admin.post("/v1/screenings", &worse).await.expect(422).faults();
    let expected = [
        ("/abnormal", "read_only"),
        ("/answers", "not_with_others"),
        ("/direction", "not_in_vocabulary"),
        ("/person/name", "masked_value"),
        ("/person/phone", "bad_format"),
        ("/person_id", "exclusive_fields"),
        ("/person_id", "unknown_reference"),
        ("/place_id", "unknown_reference"),
        ("/temperature_c", "wrong_type"),
        ("/vehicle/plate_number", "bad_format"),
    ];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

#[tokio::test]
async fn what_is_implausible_is_kept_with_warnings() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let judged = async |change: Json| {
        let mut body = examples::screening(&place, 6);
        body["id"] = Uuid::now_v7().to_string().into();
        body["occurred_at"] = Json::Null;
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = admin.post("/v1/screenings", &body).await.expect(201);
        // The surely-fake documents of tests are of no county.
        let warnings: Vec<String> = reply.warnings().into_iter().filter(|code| code != "unknown_county").collect();
        (reply.body["abnormal"].clone(), reply.body["complete"].clone(), warnings)
    };
    let none: Vec<String> = vec![];
    assert_eq!(judged(json!({"temperature_c": "37.2"})).await, (json!(false), json!(true), none.clone()));
    assert_eq!(
        judged(json!({"temperature_c": "37.3"})).await,
        (json!(true), json!(true), vec!["retest_advised".into()])
    );
    assert_eq!(
        judged(json!({"temperature_c": "34.1"})).await,
        (json!(false), json!(true), vec!["implausible_temperature".into()])
    );
    assert_eq!(judged(json!({"temperature_c": null})).await, (json!(false), json!(false), none.clone()));
    assert_eq!(judged(json!({"answers": ["contact_case"]})).await.0, json!(true));
    assert_eq!(judged(json!({"answers": ["refused"]})).await, (json!(false), json!(false), none.clone()));
    assert_eq!(judged(json!({"symptoms": ["cough"]})).await.0, json!(true));
    assert_eq!(judged(json!({"symptoms": ["none"]})).await.0, json!(false));
    assert_eq!(judged(json!({"person": null})).await, (json!(false), json!(false), vec!["not_registered".into()]));
    assert_eq!(judged(json!({"occurred_at": "2090-01-01T00:00:00Z"})).await.2, ["occurred_in_future"]);
}

#[tokio::test]
async fn a_screening_is_at_a_checkpoint() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mall = json!({"kind": "mall", "name": "商场", "area_code": "511802001"});
    let mall = admin.post("/v1/places", &mall).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let reply = admin.post("/v1/screenings", &examples::screening(&mall, 7)).await.expect(422);
    assert_eq!(reply.faults(), [("/place_id".to_owned(), "wrong_kind_of_place".to_owned())]);
}

#[tokio::test]
async fn plates_are_checked_masked_and_found_in_no_url() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut body = examples::screening(&place, 8);
    body["vehicle"] = json!({"plate_number": "川t·12345"});
    let reply = admin.post("/v1/screenings", &body).await.expect(201);
    assert_eq!(reply.body["vehicle"], json!({"plate_number": "川T·***45", "plate_kind": "ordinary"}));
    assert_eq!(
        admin.get("/v1/screenings?plate_number=x").await.expect(400).faults(),
        [("?plate_number".to_owned(), "unknown_parameter".to_owned())]
    );
}
