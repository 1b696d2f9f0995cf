//! 区经济合作和商务局: inspects venues, watches meals and prices, helps the courtyard it is paired with.

use lianfang::platform::access::Role;
use serde_json::json;

use crate::shifts::DAXING;
use crate::supply::report;
use crate::support::examples;
use crate::support::story::Story;

#[tokio::test]
async fn the_commerce_bureau_inspects_keeps_prices_and_guards_its_courtyard() {
    let story = Story::begin("2020-01-30T09:00:00+08:00").await;
    let bureau = story.unit("bureau", "区经济合作和商务局", None).await;
    let company = story.unit("enterprise", "雨城商超公司", Some(&bureau)).await;
    let inspector = story.takes_on(&bureau.head, Role::Inspector, "511802", Some(&bureau)).await;
    let guard = story.takes_on(&bureau.head, Role::GateGuard, DAXING, Some(&bureau)).await;
    let clerk = story.takes_on(&company.head, Role::StoreReporter, "511802", Some(&company)).await;
    let venue = async |kind: &str, name: &str| {
        let body = json!({"kind": kind, "name": name, "area_code": DAXING, "org_id": company.org_id, "operating_status": "open", "supervising_org_ids": [bureau.org_id]});
        bureau.head.records("places", body).await
    };
    let (store, hotel) = (venue("supermarket", "雨城超市").await, venue("hotel", "雨城酒店").await);
    let restaurant = venue("large_catering", "雨城大酒楼").await;
    // Every day each venue, by the six items; large restaurants are closed.
    for day in ["2020-01-30", "2020-01-31"] {
        story.at(&format!("{day}T15:00:00+08:00"));
        for (place, result) in [(&store, "pass"), (&hotel, "fail")] {
            let items = json!([{"code": "emergency_plan", "result": "pass"}, {"code": "temperature_monitoring", "result": "pass"}, {"code": "abnormal_registration", "result": "pass"}, {"code": "disinfection", "result": result}, {"code": "cleaning_supplies", "result": "pass"}, {"code": "publicity", "result": "pass"}]);
            inspector.records("inspections", json!({"place_id": place, "inspectors": ["李强"], "items": items})).await;
        }
    }
    let closed =
        bureau.head.amends(&format!("/v1/places/{restaurant}"), json!({"operating_status": "suspended"})).await;
    assert_eq!(closed["operating_status"], "suspended");
    assert_eq!(inspector.counts("/v1/inspections").await, 4);
    assert_eq!(bureau.head.figure(&bureau, "2020-01-31", "inspections").await, 4);
    assert_eq!(bureau.head.figure(&bureau, "2020-01-31", "items_failed").await, 2);
    // Prices are reported daily, and must not rise at will.
    let rule = json!({"name": "不得随意涨价", "rule_kind": "price_change", "threshold_rate": "0.15", "baseline_on": "2020-01-30", "effective_on": "2020-01-24", "basis": "区经商局价格监测方案"});
    bureau.head.records("price-rules", rule).await;
    story.at("2020-01-30T17:00:00+08:00");
    clerk.records("supply-reports", report(&store, "2020-01-30", &[("veg_chinese_cabbage", "2.00")])).await;
    story.at("2020-01-31T17:00:00+08:00");
    clerk.records("supply-reports", report(&store, "2020-01-31", &[("veg_chinese_cabbage", "3.00")])).await;
    story.time_passes("2020-02-01T10:00:00+08:00").await;
    let alerts = inspector.lists("/v1/price-alerts").await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let alert = format!("/v1/price-alerts/{}", alerts[0]["id"].as_str().unwrap());
    clerk.post(&format!("{alert}:explain"), json!({"reason": "进价上涨"})).await.expect(200);
    let letter = json!({"action_kind": "warning_letter", "place_id": store, "alert_id": alerts[0]["id"], "officers": ["李强"], "letter_number": "雨经商告〔2020〕1号"});
    inspector.records("enforcement-actions", letter).await;
    assert_eq!(bureau.head.counts("/v1/supply-reports").await, 2, "what its stores report");
    // 联包帮: the courtyard's gate, posters, disinfection.
    let gate = json!({"kind": "compound_gate", "name": "联包帮大院门口", "area_code": DAXING, "org_id": bureau.org_id});
    let gate = bureau.head.records("places", gate).await;
    for sequence in 1..=3 {
        let mut passage = examples::screening(&gate, sequence);
        passage["occurred_at"] = "2020-02-01T08:30:00+08:00".into();
        guard.records("screenings", passage).await;
    }
    bureau
        .head
        .records(
            "publicity-activities",
            json!({"place_id": gate, "method": "poster", "topic": "protection_knowledge", "copies": 30}),
        )
        .await;
    guard
        .records(
            "disinfections",
            json!({"place_id": gate, "activity": "disinfection", "area_m2": "350", "agent": "84 消毒液"}),
        )
        .await;
    assert_eq!(guard.counts("/v1/screenings").await, 3);
    assert_eq!(bureau.head.figure(&bureau, "2020-02-01", "disinfected_area_m2").await, "350.00");
    // Actions that are none of theirs are refused.
    clerk.is_refused("inspections", json!({"place_id": store, "inspectors": ["自查"], "items": []})).await;
    company.head.post(&format!("{alert}:dismiss"), json!({"reason": "没有问题"})).await.expect(403);
    inspector.get("/v1/people").await.expect(403);
    guard.get("/v1/supply-reports").await.expect(403);
}
