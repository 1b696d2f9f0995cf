//! Places, organisations, divisions, vocabularies: the ground.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::TestApp;

fn place(change: Json) -> Json {
    let mut body = json!({"kind": "supermarket", "name": "超市", "area_code": "511802005"});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn coordinates_are_kept_as_wgs_84() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let body = place(json!({"longitude": 103.0, "latitude": 29.98, "coordinate_system": "gcj02"}));
    let created = admin.post("/v1/places", &body).await.expect(201);
    let (longitude, latitude) =
        (created.body["longitude"].as_f64().unwrap(), created.body["latitude"].as_f64().unwrap());
    assert_eq!(created.body["coordinate_system"], "wgs84");
    assert!(
        (0.001..0.005).contains(&(103.0 - longitude).abs()) && (0.001..0.005).contains(&(29.98 - latitude).abs()),
        "{longitude} {latitude}"
    );
    let path = created.header("location").to_owned();
    let renamed = admin.patch(&path, "\"1\"", &json!({"name": "新超市"})).await.expect(200);
    assert_eq!(renamed.body["longitude"], created.body["longitude"], "an amendment moves nothing");
    for (half, missing) in [(json!({"longitude": 103.0}), "/latitude"), (json!({"latitude": 29.0}), "/longitude")] {
        assert_eq!(
            admin.post("/v1/places", &place(half)).await.expect(422).faults(),
            [(missing.to_owned(), "required".to_owned())]
        );
    }
    for wrong in [json!({"longitude": 181, "latitude": 0}), json!({"longitude": "103", "latitude": 29})] {
        assert_eq!(admin.post("/v1/places", &place(wrong)).await.expect(422).faults()[0].0, "/longitude");
    }
}

#[tokio::test]
async fn the_operating_status_has_a_history() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let created = admin.post("/v1/places", &place(json!({"operating_status": "open"}))).await.expect(201);
    let path = created.header("location").to_owned();
    admin.patch(&path, "\"1\"", &json!({"operating_status": "suspended"})).await.expect(200);
    admin.patch(&path, "\"2\"", &json!({"name": "x"})).await.expect(200);
    let read = admin.get(&path).await.body;
    let statuses: Vec<&Json> =
        read["operating_status_history"].as_array().unwrap().iter().map(|period| &period["operating_status"]).collect();
    assert_eq!(statuses, ["open", "suspended"]);
    let history = json!({"operating_status_history": []});
    assert_eq!(admin.patch(&path, "\"3\"", &history).await.expect(422).faults()[0].1, "read_only");
    let listed = admin.get("/v1/places?operating_status=suspended").await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

/// Told on the fifth that it was suspended since the twenty-fifth, it was suspended on the twenty-sixth.
#[tokio::test]
async fn a_status_may_be_told_later_than_it_began() {
    let app = TestApp::start().await;
    crate::isolation_cases::set_clock(&app, "2020-02-05T12:00:00+08:00");
    let admin = app.administrator().await;
    let body = place(json!({"operating_status": "open", "occurred_at": "2020-01-20T09:00:00+08:00"}));
    let created = admin.post("/v1/places", &body).await.expect(201);
    assert_eq!(created.body["operating_status_since_at"], "2020-01-20T09:00:00+08:00", "as it happened");
    let path = created.header("location").to_owned();
    let history = async || -> Vec<String> {
        let read = admin.get(&path).await.expect(200).body;
        let periods = read["operating_status_history"].as_array().unwrap().clone();
        let told = |period: &Json| {
            format!("{} {}", period["operating_status"].as_str().unwrap(), &period["since_at"].as_str().unwrap()[..10])
        };
        periods.iter().map(told).collect()
    };
    let tell = async |status: &str, on: &str| {
        let revision = admin.get(&path).await.header("etag").to_owned();
        let patch = json!({"operating_status": status, "operating_status_since_at": format!("{on}T08:00:00+08:00")});
        admin.patch(&path, &revision, &patch).await
    };
    tell("suspended", "2020-01-25").await.expect(200);
    assert_eq!(history().await, ["open 2020-01-20", "suspended 2020-01-25"]);
    let past = tell("takeaway_only", "2020-01-22").await.expect(200).body;
    assert_eq!(past["operating_status"], "suspended", "what began last stands");
    assert_eq!(history().await, ["open 2020-01-20", "takeaway_only 2020-01-22", "suspended 2020-01-25"]);
    tell("suspended", "2020-01-27").await.expect(200);
    assert_eq!(history().await[2], "suspended 2020-01-27", "dated anew");
    let stood = async |status: &str, on: &str| {
        let path = format!("/v1/places?operating_status={status}&operating_status_on={on}");
        admin.get(&path).await.expect(200).body["items"].as_array().unwrap().len()
    };
    for (status, on, found) in [
        ("open", "2020-01-19", 0),
        ("open", "2020-01-20", 1),
        ("open", "2020-01-22", 0),
        ("takeaway_only", "2020-01-26", 1),
        ("suspended", "2020-01-26", 0),
        ("suspended", "2020-01-27", 1),
        ("suspended", "2020-02-05", 1),
        ("open", "2020-02-05", 0),
    ] {
        assert_eq!(stood(status, on).await, found, "{status} {on}");
    }
    // A status without its beginning begins now, not when the one before did; another amendment moves nothing.
    let revision = admin.get(&path).await.header("etag").to_owned();
    let reopened = admin.patch(&path, &revision, &json!({"operating_status": "open"})).await.expect(200);
    assert!(
        reopened.body["operating_status_since_at"].as_str().unwrap().starts_with("2020-02-05T12:0"),
        "{}",
        reopened.body
    );
    let renamed = admin.patch(&path, reopened.header("etag"), &json!({"name": "新超市"})).await.expect(200).body;
    assert_eq!(renamed["operating_status_history"], reopened.body["operating_status_history"]);
    assert_eq!(
        tell("closed", "2020-02-06").await.expect(422).faults()[0],
        ("/operating_status_since_at".into(), "too_far_ahead".into())
    );
    let alone = place(json!({"operating_status_since_at": "2020-02-01T08:00:00+08:00"}));
    assert_eq!(admin.post("/v1/places", &alone).await.expect(422).faults()[0].0, "/operating_status");
}

/// Told today that it was suspended on the twenty-fourth, by whatever way.
#[tokio::test]
async fn a_place_is_suspended_since_it_was_and_not_since_that_was_told() {
    let app = TestApp::start().await;
    crate::isolation_cases::set_clock(&app, "2020-02-05T12:00:00+08:00");
    let admin = app.administrator().await;
    let told = json!({"operating_status": "suspended", "occurred_at": "2020-01-24T00:00:00+08:00"});
    let made = admin.post("/v1/places", &place(told)).await.expect(201);
    let since = |body: &Json| body["operating_status_since_at"].as_str().unwrap().to_owned();
    assert_eq!(since(&made.body), "2020-01-24T00:00:00+08:00");
    let path = made.header("location").to_owned();
    for (op, reason) in [("void", "录错"), ("restore", "核实")] {
        let reply = admin.post(&format!("{path}:{op}"), &json!({"reason": reason})).await.expect(200).body;
        assert_eq!(reply["operating_status_history"], made.body["operating_status_history"], "{op}");
    }
    // In a sheet, with the day in a column of its own.
    let sheet = "名称,类型,区划代码,营业状态,停业日期\n电影院,其他场所,511802005,暂停营业,2020年1月24日\n网吧,其他场所,511802005,停业,2020-01-24\n菜场,农贸市场,511802005,营业,\n";
    let import = crate::import_facts::import(&admin, "places", "", sheet).await;
    assert_eq!(crate::imports::counts(&import), [3, 0, 0, 0, 0], "{import}");
    let suspended = admin.get("/v1/places?operating_status=suspended").await.expect(200).body;
    let all: Vec<String> =
        suspended["items"].as_array().unwrap().iter().map(|one| since(one)[..10].to_owned()).collect();
    assert_eq!(all, vec!["2020-01-24"; 3]);
    // Sheets of what closed may say the day alone: the status is said once for all of them, or asked for.
    let sheet = "名称,类型,区划代码,停业日期\n茶楼,其他场所,511802005,2020-01-24\n";
    let refused = crate::import_facts::import(&admin, "places", "", sheet).await;
    assert_eq!(crate::imports::counts(&refused), [0, 0, 0, 0, 1], "{refused}");
    let import = crate::import_facts::import(&admin, "places", "&set.operating_status=suspended", sheet).await;
    assert_eq!(crate::imports::counts(&import), [1, 0, 0, 0, 0], "{import}");
    // Phones and files have it.
    let pulled = admin.get("/v1/sync/pull").await.expect(200).body.to_string();
    assert_eq!(pulled.matches("\"operating_status_since_at\":\"2020-01-24T").count(), 4, "{pulled}");
    let (_, _, file) = admin.with("accept", "text/csv").download("/v1/places?operating_status=suspended").await;
    assert_eq!(String::from_utf8(file).unwrap().lines().filter(|line| line.contains("2020-01-24")).count(), 4);
}

/// Of a code that was split, whoever writes in one of the successors alone means that one.
#[tokio::test]
async fn a_split_code_means_the_senders_own_successor() {
    let app = TestApp::start().await;
    let old = place(json!({"area_code": "511802103"}));
    let placed = app.town_cadre("大兴街道").await.post("/v1/places", &old).await.expect(201);
    assert_eq!(
        (&placed.body["area_code"], placed.warnings()),
        (&json!("511802005"), vec!["superseded_area".to_owned()])
    );
    assert_eq!(placed.body["area_code_submitted"], "511802103");
    let whole = app.administrator().await.post("/v1/places", &old).await.expect(201);
    assert_eq!((&whole.body["area_code"], whole.warnings()), (&json!("511802"), vec!["ambiguous_area".to_owned()]));
    app.town_cadre("八步镇").await.post("/v1/places", &old).await.expect(403);
}

#[tokio::test]
async fn an_old_area_code_leads_to_where_it_is_now() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let placed = async |area: Json| {
        let mut body = place(json!({}));
        body.as_object_mut().unwrap().extend(area.as_object().unwrap().clone());
        let reply = admin.post("/v1/places", &body).await.expect(201);
        (reply.body["area_code"].clone(), reply.body["area_code_submitted"].clone(), reply.warnings())
    };
    let none: Vec<String> = vec![];
    assert_eq!(placed(json!({"area_code": "511802005"})).await, (json!("511802005"), Json::Null, none.clone()));
    assert_eq!(placed(json!({"area_code": "511802005000"})).await.0, "511802005");
    assert_eq!(
        placed(json!({"area_code": "511802201"})).await,
        (json!("511802114"), json!("511802201"), vec!["superseded_area".into()])
    );
    assert_eq!(
        placed(json!({"area_code": "511802103"})).await,
        (json!("511802"), json!("511802103"), vec!["ambiguous_area".into()])
    );
    assert_eq!(placed(json!({"area_code": "511802103203", "area_edition": 2019})).await.0, "511802005003");
    assert_eq!(placed(json!({"area_code": "511802005001-03"})).await.0, "511802005001-03");
    for unknown in ["999999", "511802999", "511802005099-01"] {
        let reply = admin.post("/v1/places", &place(json!({"area_code": unknown}))).await.expect(422);
        assert_eq!(reply.faults(), [("/area_code".to_owned(), "unknown_area".to_owned())]);
    }
    assert_eq!(
        admin.post("/v1/places", &place(json!({"area_code": "51180x"}))).await.expect(422).faults()[0].1,
        "bad_format"
    );
    let outside = admin.post("/v1/places", &place(json!({"area_code": "511803"}))).await.expect(403);
    assert_eq!(outside.code(), "out_of_area");
}

#[tokio::test]
async fn nothing_is_its_own_parent() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let id = Uuid::now_v7();
    let faults = admin.post("/v1/places", &place(json!({"id": id, "parent_id": id}))).await.expect(422).faults();
    assert!(faults.contains(&("/parent_id".to_owned(), "cyclic".to_owned())), "{faults:?}");
    let created = admin.post("/v1/places", &place(json!({}))).await.expect(201);
    let path = created.header("location").to_owned();
    let faults = admin.patch(&path, "\"1\"", &json!({"parent_id": created.body["id"]})).await.expect(422).faults();
    assert_eq!(faults, [("/parent_id".to_owned(), "cyclic".to_owned())]);
}

#[tokio::test]
async fn everybody_of_the_district_can_name_its_organisations() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let bureau = json!({"kind": "bureau", "name": "区教育局", "area_code": "511802"});
    let bureau = admin.post("/v1/organizations", &bureau).await.expect(201).body["id"].clone();
    let cadre = app.town_cadre("大兴街道").await;
    assert_eq!(cadre.get("/v1/organizations?kind=bureau").await.body["items"][0]["id"], bureau);
    let school = cadre.post("/v1/places", &place(json!({"org_id": bureau}))).await.expect(201);
    assert_eq!(school.body["org_id"], bureau);
    let elsewhere = app.actor(lianfang::platform::access::Role::TownCadre, "名山区").await;
    assert_eq!(elsewhere.get("/v1/organizations").await.body["items"], json!([]));
    elsewhere.get(&format!("/v1/organizations/{}", bureau.as_str().unwrap())).await.expect(404);
    let body = json!({"kind": "mall", "name": "x", "area_code": "511803", "org_id": bureau});
    assert_eq!(
        elsewhere.post("/v1/places", &body).await.expect(422).faults(),
        [("/org_id".to_owned(), "unknown_reference".to_owned())]
    );
}

#[tokio::test]
async fn divisions_are_found_by_parent_name_initials_and_code() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("八步镇").await;
    let codes = async |query: &str| -> Vec<String> {
        let body = guard.get(&format!("/v1/divisions?{query}")).await.expect(200).body;
        body["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes("parent=511802&limit=500").await.len(), 13);
    assert_eq!(codes("parent=511802&edition=2019&limit=500").await.len(), 22);
    assert_eq!(codes("q=%E5%85%AB%E6%AD%A5&parent=511802").await, ["511802114"]);
    assert!(codes("q=dxjd").await.contains(&"511802005".to_owned()));
    assert!(codes("q=511802114").await.contains(&"511802114200".to_owned()));
    let first = guard.get("/v1/divisions?limit=5").await.expect(200).body;
    let next = guard
        .get(&format!("/v1/divisions?limit=5&cursor={}", first["next_cursor"].as_str().unwrap()))
        .await
        .expect(200)
        .body;
    assert!(next["items"][0]["code"].as_str() > first["items"][4]["code"].as_str());
    let old = guard.get("/v1/divisions/511802201").await.expect(200).body;
    assert_eq!(
        (&old["current"], &old["successor_codes"], &old["successors_derived"]),
        (&json!(false), &json!(["511802114"]), &json!(true))
    );
    assert_eq!(guard.get("/v1/divisions/511802114").await.body["name"], "八步镇");
    for absent in ["/v1/divisions/999999", "/v1/divisions/x", "/v1/divisions/511802114?edition=2019"] {
        guard.get(absent).await.expect(404);
    }
}

#[tokio::test]
async fn every_vocabulary_of_a_form_is_listed_in_two_languages() {
    let app = TestApp::start().await;
    let body = app.gate_guard("八步镇").await.get("/v1/vocabularies").await.expect(200).body;
    let names: Vec<&str> =
        body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    for name in [
        "direction",
        "disposition",
        "document_type",
        "operating_status",
        "organization_kind",
        "person_category",
        "place_kind",
        "role",
        "sex",
        "symptom",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let kinds = body["items"].as_array().unwrap().iter().find(|item| item["name"] == "place_kind").unwrap();
    assert!(kinds["words"].as_array().unwrap().contains(
        &json!({"code": "compound_gate", "label_en": "compound gate", "label_zh": "大院门口", "closed": false})
    ));
}
