//! Behaviour of every kind of record: lists, cursors, filters, conditional requests, patches.

use serde_json::{Value as Json, json};

use crate::support::{Actor, TestApp, examples};

/// Five screenings on five days, two places; answers the places and the ids, the newest first.
async fn five(app: &TestApp) -> (Actor, Vec<String>, Vec<String>) {
    let admin = app.administrator().await;
    let places =
        vec![examples::checkpoint(&admin, "511802005001").await, examples::checkpoint(&admin, "511802114200").await];
    let mut ids = Vec::new();
    for sequence in 0..5_u32 {
        let mut body = examples::screening(&places[sequence as usize % 2], sequence);
        body["occurred_at"] = format!("2020-02-0{}T00:00:00+08:00", sequence + 1).into();
        body["temperature_c"] = if sequence == 3 { "38.0" } else { "36.5" }.into();
        ids.push(admin.post("/v1/screenings", &body).await.expect(201).body["id"].as_str().unwrap().to_owned());
    }
    ids.reverse();
    (admin, places, ids)
}

fn ids(body: &Json) -> Vec<String> {
    body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_whatever_is_written_meanwhile() {
    let app = TestApp::start().await;
    let (admin, places, all) = five(&app).await;
    let mut seen = Vec::new();
    let mut path = "/v1/screenings?limit=2".to_owned();
    loop {
        let page = admin.get(&path).await.expect(200);
        seen.extend(ids(&page.body));
        // Newer and older ones arrive between the pages; they move nothing.
        let mut body = examples::screening(&places[0], 50 + seen.len() as u32);
        body["occurred_at"] = "2020-03-01T00:00:00+08:00".into();
        admin.post("/v1/screenings", &body).await.expect(201);
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/v1/screenings?limit=2&cursor={cursor}");
        assert_eq!(page.header("link"), format!("<{path}>; rel=\"next\""));
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_query_and_caller() {
    let app = TestApp::start().await;
    let (admin, ..) = five(&app).await;
    let cursor = admin.get("/v1/screenings?limit=2").await.body["next_cursor"].as_str().unwrap().to_owned();
    let other = app.administrator().await;
    let mut edited = cursor.clone().into_bytes();
    edited[5] = if edited[5] == b'A' { b'B' } else { b'A' };
    let edited = String::from_utf8(edited).unwrap();
    for (actor, path) in [
        (&other, format!("/v1/screenings?cursor={cursor}")),
        (&admin, format!("/v1/screenings?abnormal=true&cursor={cursor}")),
        (&admin, format!("/v1/people?cursor={cursor}")),
        (&admin, format!("/v1/screenings?cursor={edited}")),
        (&admin, "/v1/screenings?cursor=x".to_owned()),
    ] {
        assert_eq!(actor.get(&path).await.expect(400).code(), "bad_cursor", "{path}");
    }
    admin.get(&format!("/v1/screenings?limit=3&cursor={cursor}")).await.expect(200);
}

#[tokio::test]
async fn filters_are_typed_and_add_up() {
    let app = TestApp::start().await;
    let (admin, places, all) = five(&app).await;
    let pick = |numbers: &[usize]| numbers.iter().map(|number| all[*number].clone()).collect::<Vec<_>>();
    for (query, expected) in [
        (format!("place_id={}", places[0]), pick(&[0, 2, 4])),
        ("abnormal=true".into(), pick(&[1])),
        ("area_code=511802114".into(), pick(&[1, 3])),
        ("area_code=5118".into(), pick(&[0, 1, 2, 3, 4])),
        ("district_code=511802&area_code=511802005001".into(), pick(&[0, 2, 4])),
        ("district_code=511803".into(), vec![]),
        ("from=2020-02-02T00:00:00%2B08:00&to=2020-02-04T00:00:00%2B08:00".into(), pick(&[2, 3])),
        ("from=2020-02-01T16:00:00Z&to_on=2020-02-03".into(), pick(&[2, 3])),
        ("from_on=2020-02-04".into(), pick(&[0, 1])),
        ("from_on=2020-02-04&abnormal=true&direction=in&complete=true".into(), pick(&[1])),
    ] {
        assert_eq!(ids(&admin.get(&format!("/v1/screenings?{query}")).await.expect(200).body), expected, "{query}");
    }
    let faults = admin
        .get("/v1/screenings?abnormal=ja&limit=0&colour=red&direction=in&direction=out&from_on=2020-02-30")
        .await
        .expect(400)
        .faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    for pointer in ["?abnormal", "?colour", "?direction", "?from_on", "?limit"] {
        assert!(pointers.contains(&pointer), "{pointers:?}");
    }
}

#[tokio::test]
async fn an_item_that_did_not_change_is_304() {
    let app = TestApp::start().await;
    let (admin, _, all) = five(&app).await;
    let path = format!("/v1/screenings/{}", all[0]);
    let unchanged = admin.with("if-none-match", "\"1\"").get(&path).await.expect(304);
    assert_eq!((unchanged.header("etag"), &unchanged.body), ("\"1\"", &Json::Null));
    admin.with("if-none-match", "\"2\"").get(&path).await.expect(200);
}

#[tokio::test]
async fn a_patch_is_judged_as_a_whole() {
    let app = TestApp::start().await;
    let (admin, places, all) = five(&app).await;
    let path = format!("/v1/screenings/{}", all[0]);
    let patch = json!({"id": all[1], "revision": 9, "person": {"name": "x"}, "colour": null, "direction": null, "answers": ["x"],
        "vehicle": {"wheels": 4}, "note": "a\u{0}b"});
    let faults = admin.patch(&path, "\"1\"", &patch).await.expect(400).faults();
    let expected = [
        ("/answers/0", "not_in_vocabulary"),
        ("/colour", "unknown_field"),
        ("/direction", "required"),
        ("/id", "create_only"),
        ("/note", "nul_character"),
        ("/person", "create_only"),
        ("/revision", "read_only"),
        ("/vehicle/wheels", "unknown_field"),
    ];
    for fault in expected {
        assert!(faults.contains(&(fault.0.to_owned(), fault.1.to_owned())), "{fault:?} is not in {faults:?}");
    }
    assert_eq!(admin.get(&path).await.body["revision"], 1);
    assert_eq!(admin.patch(&path, "\"1\"", &json!([])).await.expect(400).faults()[0].1, "not_an_object");
    assert_eq!(admin.patch(&path, "1", &json!({})).await.expect(400).code(), "bad_if_match");
    assert_eq!(admin.patch(&path, "W/\"1\"", &json!({})).await.expect(412).code(), "stale");
    assert_eq!(
        admin.patch(&path, "\"1\"", &json!({})).await.expect(200).body["revision"],
        1,
        "nothing changed, no revision"
    );
    assert_eq!(
        admin.patch(&path, "\"1\"", &json!({"temperature_c": "36.50"})).await.expect(200).body["revision"],
        1,
        "the same number"
    );

    let moved = admin.patch(&path, "\"1\"", &json!({"place_id": places[1], "note": "门卫更正"})).await.expect(200);
    assert_eq!((&moved.body["area_code"], &moved.body["note"]), (&json!("511802114200"), &json!("门卫更正")));
    let cleared = admin.patch(&path, "\"2\"", &json!({"note": null, "answers": null})).await.expect(200);
    assert_eq!(
        (&cleared.body["note"], &cleared.body["answers"], &cleared.body["complete"]),
        (&Json::Null, &Json::Null, &json!(false))
    );
    let revisions = admin.get(&format!("{path}/revisions")).await.expect(200).body;
    let areas: Vec<&Json> = revisions["items"].as_array().unwrap().iter().map(|item| &item["area_code"]).collect();
    assert_eq!(areas, ["511802005001", "511802114200", "511802114200"]);
    assert_eq!(revisions["items"][1]["note"], "门卫更正");
}

#[tokio::test]
async fn a_retry_is_the_same_by_value_not_by_letter() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let body = examples::screening(&place, 1);
    admin.post("/v1/screenings", &body).await.expect(201);
    let with = |change: Json| {
        let mut other = body.clone();
        other.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        other
    };
    for same in [
        with(json!({"occurred_at": "2020-02-02T00:30:00Z"})),
        with(json!({"temperature_c": "36.50"})),
        with(json!({"device_time": "2020-02-02T08:31:00+08:00"})),
    ] {
        admin.post("/v1/screenings", &same).await.expect(200);
    }
    for other in
        [with(json!({"note": null})), with(json!({"note": "x"})), with(json!({"occurred_at": "2020-02-02T00:30:01Z"}))]
    {
        assert_eq!(admin.post("/v1/screenings", &other).await.expect(409).code(), "record_exists");
    }
}

#[tokio::test]
async fn what_was_taken_stays_taken_for_its_author() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = examples::checkpoint(&cadre, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    let body = examples::screening(&place, 1);
    guard.post("/v1/screenings", &body).await.expect(201);
    app.sql(&format!("UPDATE user_grants SET area_code = '511802114' WHERE user_id = '{}'", guard.id)).await;
    app.core.accounts.forget_all();
    guard.post("/v1/screenings", &body).await.expect(200);
    guard.get(&format!("/v1/screenings/{}", body["id"].as_str().unwrap())).await.expect(404);
    assert_eq!(guard.post("/v1/screenings", &examples::screening(&place, 2)).await.expect(403).code(), "out_of_area");
}
