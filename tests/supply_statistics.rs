//! Figures of prices and supplies, against a recount.

use serde_json::{Value as Json, json};

use crate::isolation_cases::{set_clock, work};
use crate::supply::{report, store};
use crate::support::TestApp;

fn find<'a>(body: &'a Json, commodity: &str) -> &'a Json {
    body["items"].as_array().unwrap().iter().find(|item| item["commodity"] == commodity).unwrap()
}

#[tokio::test]
async fn medians_changes_and_an_index_with_stated_weights() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T17:00:00+08:00");
    let admin = app.administrator().await;
    let stores =
        [store(&admin, "甲").await, store(&admin, "乙").await, store(&admin, "丙").await, store(&admin, "丁").await];
    for (day, prices) in [
        ("2020-01-23", ["28", "29", "", ""]),
        ("2020-01-29", ["30", "30", "30", ""]),
        ("2020-01-30", ["30", "33", "31", "40"]),
    ] {
        for (place, price) in stores.iter().zip(prices).filter(|(_, price)| !price.is_empty()) {
            admin
                .post("/v1/supply-reports", &report(place, day, &[("meat_beef", price), ("veg_potato", "2")]))
                .await
                .expect(201);
        }
    }
    let path = "/v1/stats/prices?from_on=2020-01-30&baseline_on=2020-01-23";
    let body = admin.get(path).await.expect(200).body;
    let beef = find(&body, "meat_beef");
    // In yuan a kilogram: 60, 66, 62, 80.
    assert_eq!(
        (&beef["median"], &beef["min"], &beef["max"], &beef["stores"]),
        (&json!("64"), &json!("60"), &json!("80"), &json!(4))
    );
    assert_eq!(
        (&beef["change_rate"], &beef["baseline_median"], &beef["baseline_change_rate"]),
        (&json!("0.0667"), &json!("57"), &json!("0.1228"))
    );
    let behind = admin.get(beef["reports_url"].as_str().unwrap()).await.expect(200).body;
    assert_eq!(behind["items"].as_array().unwrap().len(), 4);
    let by_area = admin.get(&format!("{path}&by=area&commodity=meat_beef")).await.expect(200).body;
    assert_eq!(by_area["items"][0]["area_code"], "511802005");
    let series =
        admin.get("/v1/stats/prices?from_on=2020-01-23&to_on=2020-01-30&commodity=meat_beef").await.expect(200).body;
    assert_eq!(series["items"].as_array().unwrap().len(), 3, "days without a report have no price");
    admin.get("/v1/stats/prices?from_on=2020-01-01&to_on=2020-01-30").await.expect(422);
    let index = admin.get("/v1/stats/price-index?on=2020-01-30&baseline_on=2020-01-23").await.expect(200).body;
    assert_eq!(index["index"], "106.1404", "{index}");
    let weighted =
        "/v1/stats/price-index?on=2020-01-30&baseline_on=2020-01-23&weights=meat_beef:3,veg_potato:1,meat_mutton:1";
    let weighted = admin.get(weighted).await.expect(200).body;
    assert_eq!((&weighted["index"], &weighted["missing"]), (&json!("109.2105"), &json!(["meat_mutton"])));
    admin.get("/v1/stats/price-index?on=2020-01-30&baseline_on=2020-01-23&weights=caviar:1").await.expect(400);
    // Reports that are void don't count, those amended count as they are.
    let last = admin.get("/v1/supply-reports?reported_on=2020-01-30&order=newest&limit=500").await.body;
    let of = |place: &str| {
        last["items"].as_array().unwrap().iter().find(|item| item["place_id"] == place).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    admin.post(&format!("/v1/supply-reports/{}:void", of(&stores[3])), &json!({"reason": "错"})).await.expect(200);
    let lines = report(&stores[0], "2020-01-30", &[("meat_beef", "32")])["lines"].clone();
    admin.patch(&format!("/v1/supply-reports/{}", of(&stores[0])), "\"1\"", &json!({"lines": lines})).await.expect(200);
    let body = admin.get(path).await.expect(200).body;
    assert_eq!((&find(&body, "meat_beef")["median"], &find(&body, "veg_potato")["stores"]), (&json!("64"), &json!(2)));
    let kept = app.rows("SELECT count(*) AS total FROM supply_lines").await[0].integer("total");
    assert_eq!(kept, Some(15));
}

#[tokio::test]
async fn volumes_days_of_stock_and_who_has_not_reported() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T08:00:00+08:00");
    let admin = app.administrator().await;
    let (one, two, three) =
        (store(&admin, "甲超市").await, store(&admin, "乙超市").await, store(&admin, "丙超市").await);
    work(&app).await;
    let body = |place: &str, day: &str, sold: &str, stock: &str| json!({"place_id": place, "reported_on": day, "lines": [{"commodity": "milk_uht_250ml", "purchased": "10", "sold": sold, "closing_stock": stock, "quantity_unit": "盒"}]});
    for (place, day, sold, stock) in
        [(&one, "2020-01-28", "10", "50"), (&one, "2020-01-30", "20", "60"), (&two, "2020-01-30", "30", "30")]
    {
        admin.post("/v1/supply-reports", &body(place, day, sold, stock)).await.expect(201);
    }
    let figures = admin.get("/v1/stats/supply?on=2020-01-30&low_stock_days=4").await.expect(200).body;
    let milk = find(&figures, "milk_uht_250ml");
    let told = ["purchased", "sold", "closing_stock", "mean_daily_sold", "stock_days"]
        .map(|name| milk[name].as_str().unwrap());
    assert_eq!(told, ["20", "50", "90", "30", "3"], "10 and 50 on two days");
    assert_eq!((&milk["low_stock"], &milk["unit"]), (&json!(true), &json!("box")));
    let by_store = admin.get("/v1/stats/supply?on=2020-01-30&by=store").await.expect(200).body;
    assert_eq!(by_store["items"].as_array().unwrap().len(), 2);
    assert_eq!((&figures["expected"], &figures["received"]), (&json!(3), &json!(2)));
    assert_eq!((&figures["missing"][0]["name"], &figures["missing"][0]["state"]), (&json!("丙超市"), &json!("open")));
    let zero = json!({"place_id": three, "reported_on": "2020-01-30", "is_zero": true});
    admin.post("/v1/supply-reports", &zero).await.expect(201);
    let figures = admin.get("/v1/stats/supply?on=2020-01-30").await.expect(200).body;
    assert_eq!((&figures["received"], &figures["zero"], &figures["missing"]), (&json!(3), &json!(1), &json!([])));
}
