//! Files of imports: CSV, NDJSON and workbooks as people and machines break them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{files, prepared, require_form, require_health, require_table, told};
use crate::support::Actor;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const OUTCOMES: [&str; 6] = ["created", "same", "revised", "skipped", "refused", "not_a_record"];

#[tokio::test]
async fn csv() {
    require_way("csv", "text/csv").await;
}

#[tokio::test]
async fn ndjson() {
    require_way("ndjson", "application/x-ndjson").await;
}

#[tokio::test]
async fn xlsx() {
    require_way("xlsx", XLSX).await;
}

async fn require_way(way: &str, media_type: &str) {
    let (app, admin) = prepared().await;
    let sender = admin.with("content-type", media_type);
    let mut found = BTreeMap::new();
    for (name, bytes) in files(way) {
        let checked = import(&sender, "&validate_only=true", &name, bytes.clone()).await;
        let first = import(&sender, "", &name, bytes.clone()).await;
        let again = import(&sender, "", &name, bytes.clone()).await;
        found.insert(name.clone(), summary(&first));
        if first.0 != 200 {
            assert_eq!((&checked, &again), (&first, &first), "{name}");
            continue;
        }
        for other in [&checked, &again] {
            assert_eq!(other.1["first_errors"], first.1["first_errors"], "{name}: other faults");
            assert_eq!(other.1["counts"]["read"], first.1["counts"]["read"], "{name}: other rows");
        }
        assert_eq!(again.1["counts"]["created"], 0, "{name}: the same file changes nothing");
        require_errors(&sender, &first.1, &name).await;
        // All or nothing says the same of every row, and leaves none out because another has its id.
        let whole = import(&sender, "&mode=atomic", &name, bytes).await;
        let mut faults = whole.1["first_errors"].as_array().unwrap().clone();
        faults.retain(|row| row["faults"][0]["code"] != "record_exists");
        assert_eq!(Json::from(faults), first.1["first_errors"], "{name}: other faults");
    }
    require_table(way, &found);
    require_health(&app, &admin).await;
}

/// Status and body of an import whose counts add up.
async fn import(sender: &Actor, query: &str, name: &str, bytes: Vec<u8>) -> (u16, Json) {
    let reply = sender.upload(&format!("/v1/imports?kind=screenings{query}"), bytes).await;
    require_form(&reply, name);
    let mut body = reply.body;
    if reply.status == 200 {
        let count = |outcome: &str| body["counts"][outcome].as_u64().unwrap();
        assert_eq!(OUTCOMES.map(count).iter().sum::<u64>(), count("read"), "{name}: {body}");
        assert_ne!(body["state"], "interrupted", "{name}: {body}");
    } else {
        body["request_id"] = Json::Null;
    }
    (reply.status, body)
}

/// Every refused row comes back, as CSV too: none is lost on the way.
async fn require_errors(sender: &Actor, import: &Json, name: &str) {
    let url = import["errors_url"].as_str().unwrap();
    let (status, _, bytes) = sender.download(url).await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!((status, text.lines().count() as u64), (200, import["counts"]["refused"].as_u64().unwrap()), "{name}");
    for line in text.lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        assert!(row["line"].as_u64().is_some() && !row["faults"].as_array().unwrap().is_empty(), "{name}: {row}");
    }
    let (status, _, bytes) = sender.with("accept", "text/csv").download(url).await;
    assert!(status == 200 && String::from_utf8(bytes).is_ok(), "{name}");
}

/// `200 complete read 3 created 2 refused 1; line 3: temperature_c:bad_format`.
fn summary((status, body): &(u16, Json)) -> String {
    if *status != 200 {
        return told(*status, body);
    }
    let mut text = format!("200 {}", body["state"].as_str().unwrap());
    for outcome in ["read"].iter().chain(&OUTCOMES) {
        let count = body["counts"][outcome].as_u64().unwrap();
        if count > 0 {
            text.push_str(&format!(" {outcome} {count}"));
        }
    }
    if body["problem"].is_object() {
        text.push_str(&format!("; {}", told(422, &body["problem"]["en"])));
    }
    for error in body["first_errors"].as_array().unwrap() {
        text.push_str(&format!("; line {}:", error["line"]));
        for fault in error["faults"].as_array().unwrap().iter().take(6) {
            let place = fault["column"].as_str().or(fault["pointer"].as_str()).unwrap_or_default();
            text.push_str(&format!(" {place}:{}", fault["code"].as_str().unwrap()));
        }
    }
    text
}
