//! Lists that merge by line.

use lianfang::platform::access::Role;
use serde_json::json;

use crate::isolation_cases::set_clock;
use crate::supply::{report, store};
use crate::support::TestApp;

#[tokio::test]
async fn two_that_amend_different_lines_dont_clash() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let phone = app.actor(Role::StoreReporter, "雨城区").await;
    let place = store(&admin, "雨城超市").await;
    let made = phone
        .post("/v1/supply-reports", &report(&place, "2020-01-30", &[("meat_beef", "40"), ("meat_mutton", "50")]))
        .await
        .expect(201)
        .body;
    let id = made["id"].as_str().unwrap();
    let lines = |beef: &str, mutton: &str| {
        report(&place, "2020-01-30", &[("meat_beef", beef), ("meat_mutton", mutton)])["lines"].clone()
    };
    admin.patch(&format!("/v1/supply-reports/{id}"), "\"1\"", &json!({"lines": lines("41", "50")})).await.expect(200);
    let push = async |beef: &str, mutton: &str| {
        let item = json!({"kind": "supply_reports", "op": "amend", "id": id, "base_revision": 1, "occurred_at": "2020-01-30T17:00:00+08:00", "device_time": "2020-01-30T17:00:00+08:00", "body": {"lines": lines(beef, mutton)}});
        phone.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await.expect(207).body["results"]
            [0]
        .clone()
    };
    assert_eq!(push("40", "52").await["outcome"], "merged");
    let now = admin.get(&format!("/v1/supply-reports/{id}")).await.expect(200).body;
    let prices: Vec<&str> =
        now["lines"].as_array().unwrap().iter().map(|line| line["retail_price"].as_str().unwrap()).collect();
    assert_eq!(prices, ["41", "52"]);
    let clash = push("43", "53").await;
    assert_eq!(clash["outcome"], "conflict", "{clash}");
    let now = admin.get(&format!("/v1/supply-reports/{id}")).await.expect(200).body;
    assert_eq!(now["lines"][0]["retail_price"], "41", "the stored one stands");
}
