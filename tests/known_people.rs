//! Posting somebody known, or under another's id: it completes a record, and opens no way to what is in it.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{Actor, TestApp, examples, fake_resident_id};

const SICK: &str = "2020-01-22";

/// Somebody of 大兴街道 of whom much is known.
async fn registered(app: &TestApp, number: &str) -> (Actor, String) {
    let admin = app.administrator().await;
    let body = json!({"name": "张三", "document_type": "resident_id", "document_number": number, "area_code": "511802005", "phone": "15400000001", "sex": "male",
        "address": "龙溪苑3栋", "note": "慢病", "categories": [{"category": "confirmed", "since_on": SICK, "source": "市疾控"}]});
    let id = admin.post("/v1/people", &body).await.expect(201).body["id"].as_str().unwrap().to_owned();
    (admin, id)
}

#[tokio::test]
async fn nulls_and_wrong_values_show_nothing_that_is_stored() {
    let app = TestApp::start().await;
    let number = fake_resident_id(1);
    let (admin, id) = registered(&app, &number).await;
    let there = app.actor(lianfang::platform::access::Role::VillageCadre, "八步镇").await;
    let mut body =
        json!({"name": "张三", "document_type": "resident_id", "document_number": number, "area_code": "511802114"});
    for field in ["phone", "sex", "birth_year", "categories", "address", "note"] {
        body[field] = Json::Null;
    }
    let shown = there.post("/v1/people", &body).await.expect(200).body;
    for field in ["phone", "sex", "birth_year", "categories", "address", "note", "void_reason", "org_id", "claims"] {
        assert_eq!(shown[field], Json::Null, "{field}");
    }
    assert_eq!((&shown["id"], &shown["area_code"]), (&json!(id), &json!("511802114")));
    let own = admin.get(&format!("/v1/people/{id}")).await.expect(200).body;
    for field in ["recorded_by", "recorded_at", "occurred_at", "revised_at"] {
        assert_ne!(shown[field], own[field], "{field}");
    }
    body["sex"] = json!("female");
    body["phone"] = json!("15400000009");
    let shown = there.post("/v1/people", &body).await.expect(200).body;
    assert_eq!((&shown["sex"], &shown["phone"]), (&json!("female"), &json!("154****0009")));
    assert!(!shown.to_string().contains(SICK));
}

#[tokio::test]
async fn nobody_is_met_by_an_id_that_another_chose() {
    let app = TestApp::start().await;
    let (admin, id) = registered(&app, &fake_resident_id(2)).await;
    let there = app.actor(lianfang::platform::access::Role::VillageCadre, "八步镇").await;
    let bare = json!({"id": id, "name": "x", "area_code": "511802114", "categories": [{"category": "confirmed", "since_on": SICK, "source": "x"}]});
    assert_eq!(there.post("/v1/people", &bare).await.expect(409).code(), "id_taken");
    let batch = json!({"items": [bare, {"name": "李四", "area_code": "511802114"}]});
    let results = there.post("/v1/people:batch", &batch).await.expect(207).body["results"].clone();
    assert_eq!((&results[0]["status"], &results[1]["status"]), (&json!(409), &json!(201)), "{results}");
    let place = examples::checkpoint(&admin, "511802114").await;
    let screening = json!({"place_id": place, "direction": "in", "person": {"id": id, "name": "x"}});
    assert_eq!(there.post("/v1/screenings", &screening).await.expect(409).code(), "id_taken");
    let checked = json!({"items": [screening]});
    let checked = there.post("/v1/screenings:batch?validate_only=true", &checked).await.expect(207).body;
    assert_eq!(checked["results"][0]["problem"]["code"], "id_taken", "{checked}");
    assert_eq!(admin.get(&format!("/v1/people/{id}")).await.body["revision"], 1);
    // Whoever may see him, or made him, may go on using the id.
    let here = app.actor(lianfang::platform::access::Role::VillageCadre, "大兴街道").await;
    here.post("/v1/people", &json!({"id": id, "name": "张三", "area_code": "511802005"})).await.expect(200);
    let own = json!({"id": Uuid::now_v7(), "name": "王五", "area_code": "511802114"});
    there.post("/v1/people", &own).await.expect(201);
    there.post("/v1/people", &own).await.expect(200);
}

#[tokio::test]
async fn an_alias_never_stands_before_somebodys_own_id() {
    let app = TestApp::start().await;
    let (admin, id) = registered(&app, &fake_resident_id(3)).await;
    let there = app.actor(lianfang::platform::access::Role::VillageCadre, "八步镇").await;
    let other = json!({"id": id, "name": "李四", "document_type": "resident_id", "document_number": fake_resident_id(4), "area_code": "511802114"});
    let other = there.post("/v1/people", &other).await.expect(201).body["id"].clone();
    assert_ne!(other, json!(id));
    there.get(&format!("/v1/people/{id}")).await.expect(404);
    assert_eq!(admin.get(&format!("/v1/people/{id}")).await.expect(200).body["id"], json!(id));
}

#[tokio::test]
async fn somebody_twice_in_one_append_is_one_row_under_one_number() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let one = |phone: Json, id: Json| json!({"id": id, "name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(5), "area_code": "511802005", "phone": phone});
    let items = [
        one(Json::Null, json!(Uuid::now_v7())),
        one(json!("15400000001"), json!(Uuid::now_v7())),
        one(Json::Null, Json::Null),
        json!({"name": "李四", "area_code": "511802005"}),
    ];
    let batch = admin.post("/v1/people:batch?atomic=true", &json!({"items": items})).await.expect(207).body;
    let numbers: Vec<i64> =
        batch["results"].as_array().unwrap().iter().map(|result| result["change_no"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [numbers[0], numbers[0], numbers[0], numbers[0] + 1], "{batch}");
    let id = batch["results"][0]["id"].as_str().unwrap();
    let read = admin.get(&format!("/v1/people/{id}")).await.expect(200).body;
    assert_eq!(
        (&read["revision"], &read["phone"], &read["change_no"]),
        (&json!(1), &json!("154****0001"), &json!(numbers[0]))
    );
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_keyed_retry_of_somebody_of_elsewhere_is_answered_again() {
    let app = TestApp::start().await;
    let number = fake_resident_id(6);
    registered(&app, &number).await;
    let there =
        app.actor(lianfang::platform::access::Role::VillageCadre, "八步镇").await.with("idempotency-key", "gate-1");
    let body = json!({"name": "张三", "document_type": "resident_id", "document_number": number, "area_code": "511802114", "birth_year": 1990, "phone": "15400000007"});
    let first = there.post("/v1/people", &body).await.expect(200).body;
    let again = there.post("/v1/people", &body).await.expect(200).body;
    assert_eq!((&first["id"], &first["revision"]), (&again["id"], &again["revision"]));
}
