//! Bodies to send: the document's own examples, and variations.

use lianfang::records::{Kind, Registry};
use lianfang::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{Actor, fake_resident_id};

/// The example of a kind's creation, as the document has it.
pub fn of_kind(name: &str) -> Json {
    let kinds = Registry::new(routes::DEFINITIONS);
    let kind: &Kind = kinds.kind(name).unwrap();
    serde_json::from_str(kind.example).unwrap()
}

/// A checkpoint in 大兴街道; answers its id.
pub async fn checkpoint(actor: &Actor, area_code: &str) -> String {
    let body = json!({"kind": "compound_gate", "name": "北门", "area_code": area_code});
    let reply = actor.post("/v1/places", &body).await.expect(201);
    reply.body["id"].as_str().unwrap().to_owned()
}

/// A screening at a place: everything asked, checked and registered.
pub fn screening(place_id: &str, sequence: u32) -> Json {
    json!({
        "id": Uuid::now_v7(),
        "place_id": place_id,
        "occurred_at": "2020-02-02T08:30:00+08:00",
        "direction": "in",
        "person": {
            "name": "王五",
            "document_type": "resident_id",
            "document_number": fake_resident_id(sequence),
            "phone": format!("154{sequence:08}"),
        },
        "answers": ["none"],
        "temperature_c": "36.5",
    })
}
