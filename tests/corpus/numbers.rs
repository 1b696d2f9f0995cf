//! Numbers of documents and plates, a case a line.

use serde_json::{Value as Json, json};

use super::{PLACE, lines, prepared, require_form, require_health};
use crate::support::Reply;

/// `checksum_mismatch resident_id "5199…"`: what is expected, of which kind, the number.
fn case(line: &str) -> (String, String, String) {
    let mut parts = line.splitn(3, ' ');
    let mut next = || parts.next().unwrap().to_owned();
    let (expected, kind, number) = (next(), next(), next());
    (expected, kind, serde_json::from_str(&number).unwrap())
}

/// Taken, or refused for what the list says, without the number.
fn require(reply: &Reply, expected: &str, number: &str, line: &str) {
    require_form(reply, line);
    if expected == "ok" {
        assert!(matches!(reply.status, 200 | 201), "{line}: {}", reply.body);
        return;
    }
    let codes: Vec<String> = reply.faults().into_iter().map(|(_, code)| code).collect();
    assert!(matches!(reply.status, 400 | 422) && codes == [expected], "{line}: {}", reply.body);
    let long = number.chars().count() > 6;
    assert!(!long || !reply.body.to_string().contains(number), "{line}: the answer tells the number");
}

#[tokio::test]
async fn documents() {
    let (app, admin) = prepared().await;
    for line in ["resident-ids.txt", "others.txt"].iter().flat_map(|name| lines("document", name)) {
        let (expected, document_type, number) = case(&line);
        let body = json!({"name": "张三", "area_code": "511802005", "document_type": document_type, "document_number": number});
        require(&admin.post("/v1/people", &body).await, &expected, &number, &line);
    }
    require_health(&app, &admin).await;
}

#[tokio::test]
async fn plates() {
    let (app, admin) = prepared().await;
    for line in lines("plate", "plates.txt") {
        let (expected, kind, number) = case(&line);
        let mut vehicle = json!({"plate_number": number});
        if kind != "-" {
            vehicle["plate_kind"] = Json::from(kind);
        }
        let body = json!({"place_id": PLACE, "direction": "in", "vehicle": vehicle});
        require(&admin.post("/v1/screenings", &body).await, &expected, &number, &line);
    }
    require_health(&app, &admin).await;
}
