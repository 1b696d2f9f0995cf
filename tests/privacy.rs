//! Nothing personal in the clear: not in the database, not in its files, not in answers.

use serde_json::json;
use uuid::Uuid;

use crate::support::{TestApp, examples};

/// Personal values that must be found nowhere.
const NAME: &str = "司徒雨晴";
const NUMBER: &str = "519999200711150036";
const PHONE: &str = "15412345678";
const ADDRESS: &str = "桂花巷九十九号";
const PLATE: &str = "川T9K8J7";
const NOTE: &str = "邻居反映其咳嗽三日";

#[tokio::test]
async fn no_table_holds_personal_data_in_the_clear() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut body = examples::screening(&place, 1);
    body["person"] = json!({"name": NAME, "document_number": NUMBER, "phone": PHONE, "address": ADDRESS});
    body["vehicle"] = json!({"plate_number": PLATE, "plate_kind": "other"});
    body["note"] = NOTE.into();
    body["reason"] = NOTE.into();
    body["visiting"] = ADDRESS.into();
    let path = admin.post("/v1/screenings", &body).await.expect(201).header("location").to_owned();
    admin.patch(&path, "\"1\"", &json!({"note": format!("{NOTE}。")})).await.expect(200);
    admin.post(&format!("{path}:void"), &json!({"reason": NOTE})).await.expect(200);
    let again =
        json!({"name": "司徒雨情", "document_number": NUMBER, "phone": "15487654321", "area_code": "511802005"});
    admin.post("/v1/people", &again).await.expect(200);
    let user = json!({"username": "clerk", "display_name": "x", "phone": PHONE, "roles": [{"role": "gate_guard", "area_code": "511802005"}]});
    admin.post("/v1/users", &user).await.expect(201);

    let mut tables = app.rows("SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND relkind = 'r'").await;
    let mut rows_seen = 0;
    for table in &mut tables {
        let name = table.text("name").unwrap();
        for mut row in app.rows(&format!("SELECT to_jsonb(t)::text AS row FROM {name} AS t")).await {
            let row = row.text("row").unwrap();
            rows_seen += 1;
            for secret in [NAME, NUMBER, PHONE, ADDRESS, PLATE, NOTE, "15487654321", "司徒雨情"] {
                assert!(!row.contains(secret) && !row.contains(&hex::encode(secret)), "{name} holds {secret}");
            }
        }
    }
    assert!(rows_seen > 600, "divisions, records and the rest were read");
}

#[tokio::test]
async fn answers_are_masked() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let person =
        json!({"name": NAME, "document_number": NUMBER, "phone": PHONE, "address": ADDRESS, "area_code": "511802005"});
    let created = admin.post("/v1/people", &person).await.expect(201);
    assert_eq!(created.body["name"], "司***");
    assert_eq!(created.body["document_number"], "51**************36");
    assert_eq!(created.body["phone"], "154****5678");
    assert_eq!(created.body["address"], "***");
    for path in [created.header("location"), "/v1/people", &format!("{}/revisions", created.header("location"))] {
        let text = admin.get(path).await.expect(200).body.to_string();
        for secret in [NAME, NUMBER, PHONE, ADDRESS] {
            assert!(!text.contains(secret), "{path} tells {secret}");
        }
    }
}

#[tokio::test]
async fn an_envelope_moved_to_another_row_does_not_open() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut paths = Vec::new();
    for (name, phone) in [("甲", "15400000001"), ("乙", "15400000002")] {
        let person = json!({"name": name, "phone": phone, "area_code": "511802005"});
        paths.push(admin.post("/v1/people", &person).await.expect(201).header("location").to_owned());
    }
    app.sql("UPDATE people AS p SET personal = o.personal FROM people AS o WHERE o.id <> p.id").await;
    for path in paths {
        let reply = admin.get(&path).await.expect(500);
        assert_eq!(reply.code(), "internal");
        assert!(!reply.body.to_string().contains("envelope"), "the cause is for the log");
    }
}

#[tokio::test]
async fn errors_and_headers_repeat_no_value() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let body = json!({"name": NAME, "document_number": "519999200711150037", "phone": "1541234567", "area_code": PHONE, "sex": NAME, NUMBER: 1});
    let reply = admin.post("/v1/people", &body).await.expect(400);
    let text = reply.body.to_string();
    for secret in [NAME, "519999200711150037", "1541234567", PHONE] {
        assert!(!text.contains(secret), "{text}");
    }
    let echoed = admin.with("x-request-id", PHONE).get("/v1/auth/me").await.expect(200);
    assert_ne!(echoed.header("x-request-id"), PHONE, "a number of somebody is no request id");
    let plain = Uuid::now_v7().to_string();
    assert_eq!(admin.with("x-request-id", &plain).get("/v1/auth/me").await.header("x-request-id"), plain);
}
