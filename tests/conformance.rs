//! Faults that others' programs found (conformance/), kept as tests: one of each class.

use kit::catalogue::Code;
use lianfang::platform::codes::{BAD_IF_NONE_MATCH, INVALID_ORDER, TOO_MANY_DAYS};
use lianfang::server::routes;
use regex::Regex;
use serde_json::{Value as Json, json};

use crate::api_keys::{holder, new_key};
use crate::support::{TestApp, document, examples};

fn document() -> Json {
    routes::document(&routes::kinds())
}

fn parameter<'a>(document: &'a Json, method: &str, path: &str, name: &str) -> &'a Json {
    document::parameter(document, &document["paths"][path][method], name).unwrap()
}

/// Texts: not blank, no control characters. Decimals: sign, digits, places. Days: their years. Lists: not empty.
#[test]
fn patterns_say_what_is_checked() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let matches = |schema: &Json, text: &str| Regex::new(schema["pattern"].as_str().unwrap()).unwrap().is_match(text);
    let note = &schemas["NewScreening"]["properties"]["note"];
    assert!(matches(note, "张三\n两行") && matches(note, " a "));
    assert!(!matches(note, " \u{3000}\t") && !matches(note, "a\u{7}") && !matches(note, "a\u{9f}"));
    let temperature = &schemas["NewScreening"]["properties"]["temperature_c"];
    assert!(matches(temperature, "36.5") && matches(temperature, "37"));
    assert!(!matches(temperature, "-36.5") && !matches(temperature, "36.55") && !matches(temperature, "136.5"));
    let occurred_at = &schemas["NewScreening"]["properties"]["occurred_at"];
    assert!(matches(occurred_at, "1900-01-01T00:00:00Z") && !matches(occurred_at, "2200-01-01T00:00:00Z"));
    assert_eq!(schemas["NewInspection"]["properties"]["items"]["minItems"], 1);
    assert_eq!(schemas["Screening"]["properties"]["note"].get("pattern"), None, "what is served may be older");
}

#[test]
fn parameters_and_headers_say_what_is_needed() {
    let document = document();
    assert_eq!(parameter(&document, "get", "/v1/stats/price-index", "baseline_on")["required"], true);
    assert_eq!(parameter(&document, "get", "/v1/stats/prices", "baseline_on")["required"], false);
    assert_eq!(parameter(&document, "get", "/v1/screenings", "place_id")["required"], false);
    let kinds = parameter(&document, "get", "/v1/changes", "kinds")["schema"]["pattern"].as_str().unwrap();
    let kinds = Regex::new(kinds).unwrap();
    assert!(kinds.is_match("screenings,people") && !kinds.is_match("screening") && !kinds.is_match("screenings,"));
    for (status, header) in [("401", "WWW-Authenticate"), ("429", "Retry-After"), ("503", "Retry-After")] {
        let response = document["paths"]["/v1/screenings"]["post"]["responses"][status]["$ref"].as_str().unwrap();
        let headers = document.pointer(&format!("{}/headers", response.trim_start_matches('#'))).unwrap();
        assert_eq!(headers[header]["required"], true, "{status}");
    }
}

/// Pages, calendars and events are no JSON.
#[test]
fn what_is_no_json_isnt_called_json() {
    let document = document();
    for (path, media_type) in [
        ("/v1/changes/stream", "text/event-stream"),
        ("/v1/calendars/{token}", "text/calendar"),
        ("/v1/places/{id}/day-sheet.html", "text/html"),
        ("/v1/isolation-cases/{id}/certificate.html", "text/html"),
    ] {
        let content = document["paths"][path]["get"]["responses"]["200"]["content"].as_object().unwrap();
        assert_eq!(content.keys().collect::<Vec<_>>(), [media_type], "{path}");
    }
}

#[tokio::test]
async fn a_header_of_another_form_is_refused() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = admin.post("/v1/places", &examples::of_kind("places")).await.expect(201).body;
    let path = format!("/v1/places/{}", place["id"].as_str().unwrap());
    let longest = format!("\"{}\"", "a".repeat(198));
    for good in ["\"1\"", "W/\"1\", \"2\"", "*", &longest] {
        let status = admin.with("if-none-match", good).get(&path).await.status;
        assert!([200, 304].contains(&status), "{good}: {status}");
    }
    for bad in ["1", "", "\"1", "\"a\"b", &format!("{longest}b")] {
        let refused = admin.with("if-none-match", bad).get(&path).await.expect(400);
        assert_eq!(refused.code(), BAD_IF_NONE_MATCH.code(), "{bad}");
        let refused = admin.patch(&path, bad, &json!({})).await.expect(400);
        assert_eq!(refused.code(), Code::BAD_IF_MATCH.code(), "{bad}");
    }
    let refused = admin.with("last-event-id", "none").get("/v1/changes/stream").await;
    assert_eq!(refused.expect(400).code(), Code::INVALID_REQUEST.code());
}

/// `5.0` is the integer 5 in JSON.
#[tokio::test]
async fn integers_may_be_written_as_numbers() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut place = examples::of_kind("places");
    place["accuracy_m"] = json!(15.0);
    assert_eq!(admin.post("/v1/places", &place).await.expect(201).body["accuracy_m"], 15);
    place["accuracy_m"] = json!(15.5);
    assert_eq!(admin.post("/v1/places", &place).await.expect(422).faults()[0].1, "wrong_type");
}

/// Null is no value: it doesn't count as the one thing that is sought by, nor as what a patch sets.
#[tokio::test]
async fn null_seeks_nobody_and_sets_nothing() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for (path, form) in [
        ("/v1/people:search", json!({"document_number": null})),
        ("/v1/people:search", json!({"name": "张三", "area_code": null})),
        ("/v1/screenings:search", json!({"plate_number": null, "person_id": null})),
        ("/v1/screenings:lookup", json!({"document_number": null, "plate_number": null})),
    ] {
        admin.post(path, &form).await.expect(422);
    }
    let user = admin.post("/v1/users", &user()).await.expect(201).body;
    let path = format!("/v1/users/{}", user["id"].as_str().unwrap());
    let refused = admin.patch(&path, "\"1\"", &json!({"active": null})).await.expect(422);
    assert_eq!(refused.faults()[0].1, "not_null");
    let schema = &document()["components"]["schemas"]["UserPatch"]["properties"]["active"];
    assert_eq!(schema["type"], "boolean");
}

fn user() -> Json {
    document::example(&document()["paths"]["/v1/users"]["post"]["requestBody"]["content"]["application/json"]).clone()
}

/// A rule that no schema says is 422, never 400, and its message has no place left empty.
#[tokio::test]
async fn rules_of_periods_are_told_in_full() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let from = |path: &str, to_on: &str| format!("{path}?from_on=2020-02-01&to_on={to_on}");
    for path in ["/v1/stats/screenings", "/v1/stats/completeness", "/v1/duties/summary", "/v1/stats/prices"] {
        for (to_on, code) in [("2020-01-01", INVALID_ORDER), ("2022-01-01", TOO_MANY_DAYS)] {
            let refused = admin.get(&from(path, to_on)).await.expect(422);
            let fault = &refused.body["errors"][0];
            assert_eq!(fault["code"], code.code(), "{path}");
            assert!(!fault["message"].as_str().unwrap().contains('{'), "{path}: {fault}");
        }
    }
    admin.get("/v1/stats/price-index?on=2020-02-01").await.expect(422);
    admin.get("/v1/screenings?headers=zh").await.expect(422);
}

/// Items that can't be read are held, whatever they are; as they are read they are objects.
#[tokio::test]
async fn a_held_item_may_be_anything() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    admin.post("/v1/sync/push", &json!({"device_id": "phone-7", "items": [0]})).await.expect(207);
    assert_eq!(admin.get("/v1/held-items").await.expect(200).body["items"][0]["item"], json!({"sent": 0}));
}

/// Whatever a statistics key tries: the status is in the document.
#[tokio::test]
async fn every_answer_to_a_key_is_documented() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let key = new_key(&app, "statistics_reader", "511802", &["statistics"]);
    let key = holder(&app, &admin.post("/v1/api-keys", &key).await.expect(201).body);
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let filled = path.replace("{id}", "0198c0de-0002-7000-8000-00000000ffff").replace("{code}", "511802");
        let filled = filled.replace("{token}", &"0".repeat(64));
        for (method, operation) in item.as_object().unwrap() {
            let body = operation.get("requestBody").map(|_| "{}".to_owned());
            let status = key.send(method.to_uppercase().parse().unwrap(), &filled, body).await.status.to_string();
            assert!(operation["responses"].get(&status).is_some(), "{method} {path}: {status}");
        }
    }
}

/// A head beyond its bound is told by the server itself, whatever it asks for.
#[test]
fn every_operation_may_answer_431() {
    let document = document();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    assert!(operations.clone().count() > 300);
    operations
        .for_each(|operation| assert!(operation["responses"].get("431").is_some(), "{}", operation["operationId"]));
}

/// A district that the caller has nothing of is a 404, and the document says so.
#[tokio::test]
async fn another_district_is_a_documented_404() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(operation) = item.get("get").filter(|_| !path.contains('{') && !path.ends_with("/stream")) else {
            continue;
        };
        if document::parameter(&document, operation, "district_code").is_some() {
            let status = admin.get(&format!("{path}?district_code=999999")).await.status.to_string();
            assert!(operation["responses"].get(&status).is_some(), "{path}: {status}");
        }
    }
}
