//! Bodies of JSON: the same bytes to everything that takes a body.

use std::collections::BTreeMap;

use lianfang::rooms::supply::commodities::{COMMODITIES, Commodity};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{files, prepared, require_form, require_health, require_problem, require_table, told};
use crate::support::{Actor, examples};

#[tokio::test]
async fn json_bodies() {
    let (app, admin) = prepared().await;
    let known = admin.post("/v1/screenings", &examples::screening(super::PLACE, 1)).await.expect(201).body;
    let record = format!("/v1/screenings/{}", known["id"].as_str().unwrap());
    let sender = admin.with("content-type", "application/json");
    let mut found = BTreeMap::new();
    for (name, bytes) in files("json") {
        let reply = sender.upload("/v1/screenings", bytes.clone()).await;
        require_form(&reply, &name);
        found.insert(name.clone(), told(reply.status, &reply.body));
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            require_batch(&sender, &name, &bytes, reply.code() == "malformed_json", &reply.faults()).await;
            require_push(&sender, &name, &bytes, reply.code() == "malformed_json").await;
        }
        // None of these expects such a body: it is refused, or changes nothing that can't be.
        for path in ["/v1/screenings:batch", "/v1/sync/push", "/v1/people:search", "/v1/users", "/v1/api-keys"] {
            let reply = sender.upload(path, bytes.clone()).await;
            require_form(&reply, &format!("{name} to {path}"));
            assert!(reply.status >= 400, "{name} to {path}: {}", reply.status);
        }
        let reply = app.nobody().with("content-type", "application/json").upload("/v1/auth/login", bytes.clone()).await;
        assert!(matches!(reply.status, 400 | 422), "{name} to sign in: {}", reply.status);
        if let Ok(text) = String::from_utf8(bytes) {
            let amended = sender.with("if-match", "*").send(reqwest::Method::PATCH, &record, Some(text)).await;
            require_form(&amended, &format!("{name} as a patch"));
        }
    }
    require_table("json", &found);
    require_health(&app, &admin).await;
}

fn within(before: &str, bytes: &[u8], after: &str) -> Vec<u8> {
    [before.as_bytes(), bytes, after.as_bytes()].concat()
}

fn pointers(problem: &Json) -> Vec<(String, String)> {
    let text = |fault: &Json, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let faults = problem["errors"].as_array().cloned().unwrap_or_default();
    let mut faults: Vec<_> = faults.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect();
    faults.sort();
    faults
}

/// As an item of a batch a body has the faults that it has alone.
async fn require_batch(sender: &Actor, name: &str, bytes: &[u8], malformed: bool, alone: &[(String, String)]) {
    let body = within("{\"items\":[", bytes, "]}");
    let reply = sender.upload("/v1/screenings:batch?validate_only=true", body).await;
    require_form(&reply, name);
    assert_eq!(reply.status == 207, !malformed, "{name} in a batch: {}", reply.body);
    for result in reply.body["results"].as_array().into_iter().flatten() {
        if result["problem"].is_object() {
            require_problem(&result["problem"], name);
        }
        assert_eq!(pointers(&result["problem"]), alone, "{name} in a batch");
    }
}

/// Checks that an item a phone hands in is taken, or held for somebody to mend.
async fn require_push(sender: &Actor, name: &str, bytes: &[u8], malformed: bool) {
    let id = Uuid::now_v7();
    let frame = format!(
        "{{\"device_id\":\"corpus\",\"items\":[{{\"kind\":\"screenings\",\"op\":\"create\",\"id\":\"{id}\",\"body\":"
    );
    let reply = sender.upload("/v1/sync/push", within(&frame, bytes, "}]}")).await;
    require_form(&reply, name);
    assert_eq!(reply.status == 207, !malformed, "{name} pushed: {}", reply.body);
    if reply.status == 207 {
        let result = &reply.body["results"][0];
        assert!(
            matches!(result["outcome"].as_str(), Some("created" | "same" | "held" | "conflict")),
            "{name} pushed: {result}"
        );
    }
}

#[tokio::test]
async fn what_was_given_twice_is_still_a_fault_when_it_is_tried_again() {
    let (app, admin) = prepared().await;
    let bytes = std::fs::read(super::folder("json").join("duplicate-key.json")).unwrap();
    require_push(&admin.with("content-type", "application/json"), "duplicate-key", &bytes, false).await;
    let held = admin.get("/v1/held-items").await.expect(200).body["items"][0].clone();
    let path = format!("/v1/held-items/{}", held["id"].as_str().unwrap());
    let retried = admin.send(reqwest::Method::POST, &format!("{path}:retry"), None).await.expect(200).body;
    assert_eq!(
        (&retried["outcome"], &retried["problem"]["errors"][0]["code"]),
        (&json!("held"), &json!("duplicate_field"))
    );
    let twice = r#"{"body":{"direction":"out","direction":"in"}}"#.to_owned();
    assert_eq!(
        admin.send(reqwest::Method::PATCH, &path, Some(twice)).await.expect(400).faults()[0].1,
        "duplicate_field"
    );
    let once = r#"{"body":{"direction":"out"}}"#.to_owned();
    admin.send(reqwest::Method::PATCH, &path, Some(once)).await.expect(200);
    let retried = admin.send(reqwest::Method::POST, &format!("{path}:retry"), None).await.expect(200).body;
    assert_eq!(retried["outcome"], "created", "{retried}");
    require_health(&app, &admin).await;
}

#[tokio::test]
async fn the_frame_of_a_push_is_as_strict_as_a_body() {
    let (_app, admin) = prepared().await;
    let sender = admin.with("content-type", "application/json");
    for (body, fault) in [
        (r#"{"device_id":"a\u0000b","items":[{"kind":"x"}]}"#.to_owned(), ("/device_id", "nul_character")),
        (r#"{"device_id":"a","device_id":"b","items":[]}"#.to_owned(), ("/device_id", "duplicate_field")),
        (r#"{"device_id":"a","items":[],"items":[]}"#.to_owned(), ("/items", "duplicate_field")),
        (r#"{"device_id":7,"items":[]}"#.to_owned(), ("/device_id", "wrong_type")),
        (format!(r#"{{"device_id":"a","items":[],"{}":1}}"#, "n".repeat(5_000)), ("", "unknown_field")),
    ] {
        let reply = sender.upload("/v1/sync/push", body.into_bytes()).await;
        require_form(&reply, fault.1);
        let (pointer, code) = reply.faults()[0].clone();
        assert!(pointer.starts_with(fault.0) && pointer.len() < 100, "{pointer}");
        assert_eq!(code, fault.1, "{}", reply.body);
    }
}

/// A report of every commodity, with long numbers, is longer than a cell of a workbook may be: that is said, and the
/// other files have it.
#[tokio::test]
async fn a_report_of_all_goods_fits_into_a_workbook() {
    const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    let (_app, admin) = prepared().await;
    let venue = include_str!("../../openapi/examples/places/create-venue.json");
    admin.post("/v1/places", &serde_json::from_str(venue).unwrap()).await.expect(201);
    let line = |commodity: &Commodity| {
        json!({"commodity": commodity.code, "purchase_price": "1234567.0001", "retail_price": "7654321.9999",
            "price_unit": commodity.price_unit, "purchased": "12345678.123", "sold": "12345.123", "closing_stock": "98765432.123",
            "quantity_unit": commodity.quantity_unit})
    };
    let mut report = examples::of_kind("supply_reports");
    report["lines"] = COMMODITIES.iter().map(line).collect();
    admin.post("/v1/supply-reports", &report).await.expect(201);
    // A row a commodity: in one cell they would be more than a workbook can hold.
    let (status, _, bytes) = admin.with("accept", XLSX).download("/v1/supply-reports").await;
    assert_eq!(status, 200);
    let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    let sheet = calamine::Reader::worksheet_range_at(&mut workbook, 0).unwrap().unwrap();
    assert_eq!(sheet.height(), COMMODITIES.len() + 1);
    let (status, _, bytes) = admin.with("accept", "text/csv").download("/v1/supply-reports").await;
    assert!(status == 200 && bytes.len() > 10_000, "{}", bytes.len());
}
