//! All or nothing, and every check with nothing written: rules across rows are asked, too.

use serde_json::{Value as Json, json};

use crate::isolation_cases::set_clock;
use crate::supply::{import, store};
use crate::support::{Actor, TestApp};

async fn warehouse(admin: &Actor) -> String {
    let place = json!({"kind": "warehouse", "name": "供销社仓库", "area_code": "511802005"});
    admin.post("/v1/places", &place).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

/// A file of movements of urea, in tonnes, each a minute after the other.
fn movements(place: &str, rows: &[(&str, u32)]) -> Vec<u8> {
    let mut text = "place_id,commodity,direction,quantity,quantity_unit,occurred_at\n".to_owned();
    for (minute, (direction, quantity)) in rows.iter().enumerate() {
        text += &format!("{place},agri_fertilizer_urea,{direction},{quantity},t,2020-01-20 10:{minute:02}\n");
    }
    text.into_bytes()
}

fn told(import: &Json) -> (&Json, u64, u64) {
    (&import["state"], import["counts"]["created"].as_u64().unwrap(), import["counts"]["refused"].as_u64().unwrap())
}

fn items(place: &str, rows: &[(&str, u32)]) -> Json {
    let item = |(direction, quantity): &(&str, u32)| {
        json!({"place_id": place, "commodity": "agri_fertilizer_urea", "direction": direction,
            "quantity": quantity.to_string(), "quantity_unit": "t", "occurred_at": "2020-01-20T10:00:00+08:00"})
    };
    json!({"items": rows.iter().map(item).collect::<Vec<_>>()})
}

fn outcomes(batch: &Json) -> Vec<&str> {
    batch["results"].as_array().unwrap().iter().map(|result| result["outcome"].as_str().unwrap()).collect()
}

async fn count(app: &TestApp, table: &str) -> Option<i64> {
    app.rows(&format!("SELECT count(*) AS n FROM {table}")).await[0].integer("n")
}

#[tokio::test]
async fn an_atomic_import_that_rules_across_rows_refuse_writes_nothing() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = warehouse(&admin).await;
    let file = movements(&place, &[("in", 10), ("out", 20), ("out", 5)]);
    let done = import(&admin, "kind=stock_movements&mode=atomic", "text/csv", file.clone()).await;
    assert_eq!(told(&done), (&json!("failed"), 0, 1), "{done}");
    let error = &done["first_errors"][0];
    assert_eq!((&error["line"], &error["faults"][0]["code"]), (&json!(3), &json!("insufficient_stock")));
    assert_eq!(count(&app, "stock_movements").await, Some(0));

    let checked = import(&admin, "kind=stock_movements&validate_only=true", "text/csv", file).await;
    assert_eq!((told(&checked).1, told(&checked).2), (2, 1), "{checked}");
    assert_eq!(count(&app, "stock_movements").await, Some(0));
    let good = movements(&place, &[("in", 10), ("out", 4), ("out", 5)]);
    let done = import(&admin, "kind=stock_movements&mode=atomic", "text/csv", good.clone()).await;
    assert_eq!(told(&done), (&json!("complete"), 3, 0), "{done}");
    let again = import(&admin, "kind=stock_movements&mode=atomic", "text/csv", good).await;
    assert_eq!((&again["state"], &again["counts"]["same"]), (&json!("complete"), &json!(3)), "{again}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn an_atomic_import_does_not_choose_between_two_reports_of_a_day() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let (one, other) = (store(&admin, "雨城超市").await, store(&admin, "大兴超市").await);
    let row = |place: &str, price: u32| format!("{place},2020-01-30,meat_pork_hind_leg,{price},元/500克\n");
    let header = "place_id,reported_on,lines.commodity,lines.retail_price,lines.price_unit\n";
    let file = format!("{header}{}{}{}", row(&one, 30), row(&other, 31), row(&one, 32));
    for query in ["", "&on_duplicate=revise"] {
        let query = format!("kind=supply_reports&mode=atomic{query}");
        let done = import(&admin, &query, "text/csv", file.clone().into_bytes()).await;
        assert_eq!(told(&done), (&json!("failed"), 0, 2), "{done}");
        let errors = &done["first_errors"];
        assert_eq!((&errors[0]["line"], &errors[1]["line"]), (&json!(2), &json!(4)));
        assert_eq!(errors[1]["faults"][0]["code"], "repeated_item");
        assert_eq!(count(&app, "supply_reports").await, Some(0));
    }
}

#[tokio::test]
async fn a_batch_is_checked_against_what_is_there_and_what_comes_before() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = warehouse(&admin).await;
    let rows = items(&place, &[("out", 1), ("in", 10), ("out", 8), ("out", 3)]);
    let head = admin.get("/v1/ledger/head").await.body;
    let checked = admin.post("/v1/stock-movements:batch?validate_only=true", &rows).await.expect(207).body;
    assert_eq!(outcomes(&checked), ["refused", "valid", "valid", "refused"], "{checked}");
    assert_eq!(checked["results"][0]["problem"]["errors"][0]["code"], "insufficient_stock");
    assert_eq!(admin.get("/v1/ledger/head").await.body, head, "nothing was written");

    let whole = admin.post("/v1/stock-movements:batch?atomic=true", &rows).await.expect(207).body;
    assert_eq!(outcomes(&whole), ["refused"; 4], "{whole}");
    let code = |item: usize| whole["results"][item]["problem"]["code"].as_str().unwrap().to_owned();
    assert_eq!([0, 1, 2, 3].map(code), ["unprocessable", "batch_aborted", "batch_aborted", "unprocessable"]);
    assert_eq!(whole["results"][0]["problem"]["errors"][0]["code"], "insufficient_stock");
    assert_eq!(count(&app, "stock_movements").await, Some(0));
}

#[tokio::test]
async fn an_atomic_batch_takes_one_id_once() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = json!({"id": uuid::Uuid::now_v7(), "kind": "mall", "name": "商场", "area_code": "511802005"});
    let mut other = place.clone();
    other["name"] = "大商场".into();
    let batch = json!({"items": [place, other]});
    let told = admin.post("/v1/places:batch?atomic=true", &batch).await.expect(207).body;
    assert_eq!(outcomes(&told), ["refused", "refused"], "{told}");
    let twice = json!({"items": [place, place]});
    let told = admin.post("/v1/places:batch?atomic=true", &twice).await.expect(207).body;
    assert_eq!(outcomes(&told), ["created", "same"], "{told}");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
