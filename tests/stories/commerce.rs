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

#[tokio::test]
async fn the_commerce_bureau_calls_off_banquets_has_things_put_right_and_hands_out_goods() {
    let story = Story::begin("2020-01-21T15:00:00+08:00").await;
    let bureau = story.unit("bureau", "区经济合作和商务局", None).await;
    let company = story.unit("enterprise", "雨城餐饮公司", Some(&bureau)).await;
    let inspector = story.takes_on(&bureau.head, Role::Inspector, "511802", Some(&bureau)).await;
    let manager = story.takes_on(&company.head, Role::StoreReporter, "511802", Some(&company)).await;
    let meeting = json!({"area_code": "511802", "issuer_level": "prefecture", "issuer": "雅安市人民政府", "title": "疫情防控工作会议", "held_on": "2020-01-21"});
    bureau.head.records("directives", meeting).await;
    // Of ten large restaurants nine are closed: 基本.
    let mut restaurants = Vec::new();
    for number in 0..10 {
        let status = if number == 0 { "open" } else { "suspended" };
        let place = json!({"kind": "large_catering", "name": format!("雨城大酒楼{number}店"), "area_code": DAXING, "org_id": company.org_id, "operating_status": status, "supervising_org_ids": [bureau.org_id]});
        restaurants.push(bureau.head.records("places", place).await);
    }
    let standing = bureau.head.get("/v1/stats/venue-status?kind=large_catering").await.expect(200).body.to_string();
    assert!(standing.contains("基本"), "{standing}");
    let ban = json!({"area_code": "511802", "effective_on": "2020-01-25", "max_tables": 0, "basis": "四川省紧急通知"});
    bureau.head.records("gathering-bans", ban).await;
    story.at("2020-01-24T10:00:00+08:00");
    for (tables, diners) in [(12, 120), (20, 200), (8, 80)] {
        let off = json!({"area_code": DAXING, "address": "龙溪路12号", "occasion": "wedding", "planned_on": "2020-01-28", "tables": tables, "diners": diners, "status": "cancelled", "found_by": "declaration"});
        bureau.head.records("banquets", off).await;
    }
    story.at("2020-01-26T20:00:00+08:00");
    let held = json!({"place_id": restaurants[0], "occasion": "birthday", "planned_on": "2020-01-26", "tables": 5, "diners": 50, "status": "held", "found_by": "inspection"});
    bureau.head.records("banquets", held).await;
    assert_eq!(bureau.head.counts("/v1/violations?violation_kind=group_banquet").await, 1);
    for (figure, count) in [("banquets_cancelled", 3), ("tables_cancelled", 40), ("diners_cancelled", 400)] {
        assert_eq!(bureau.head.evaluates(&format!("banquets.{figure}"), "2020-01-27").await, count, "{figure}");
    }
    manager
        .records(
            "commitments",
            json!({"place_id": restaurants[0], "commitment_kind": "no_banquet", "signed_on": "2020-01-26"}),
        )
        .await;
    // A requirement of an inspection is put right, and judged by whoever asked.
    story.at("2020-01-27T15:00:00+08:00");
    let items =
        json!([{"code": "disinfection", "result": "fail"}, {"code": "temperature_monitoring", "result": "pass"}]);
    let inspection = json!({"place_id": restaurants[0], "inspectors": ["李强"], "items": items, "requirements": [{"requirement": "补齐消杀记录", "due_on": "2020-01-28"}]});
    inspector.records("inspections", inspection).await;
    let asked = inspector.lists("/v1/rectifications").await;
    assert_eq!((asked.len(), &asked[0]["state"]), (1, &json!("issued")), "{asked:?}");
    let coverage = inspector.get("/v1/stats/inspection-coverage?on=2020-01-27").await.expect(200).body.to_string();
    assert!(!coverage.contains("雨城大酒楼0店") || coverage.contains("\"inspected\":1"), "{coverage}");
    story.at("2020-01-28T09:00:00+08:00");
    let step = |step: &str| json!({"rectification_id": asked[0]["id"], "step": step, "evidence": "已补齐"});
    manager.records("rectification-steps", step("reported")).await;
    story.at("2020-01-28T16:00:00+08:00");
    inspector.records("rectification-steps", step("verified")).await;
    assert_eq!(bureau.head.evaluates("rectifications.verified", "2020-01-28").await, 1);
    // 联包帮: a courtyard, milk for those who stand at its gate, disinfectant bought for it.
    let place = async |kind: &str, name: &str| {
        let body = json!({"kind": kind, "name": name, "area_code": DAXING, "org_id": bureau.org_id});
        bureau.head.records("places", body).await
    };
    let (court, store) = (place("family_compound", "联包帮大院").await, place("warehouse", "局仓库").await);
    let gate = json!({"kind": "compound_gate", "name": "联包帮大院门口", "area_code": DAXING, "parent_id": court, "established_on": "2020-01-28", "established_by_org_id": bureau.org_id});
    let gate = bureau.head.records("places", gate).await;
    let partner = json!({"place_id": court, "partner_org_id": bureau.org_id, "partnership_kind": "lian_bao_bang", "starts_on": "2020-01-28"});
    bureau.head.records("compound-partnerships", partner).await;
    let bought = json!({"place_id": store, "commodity": "disinfectant_84", "direction": "in", "quantity": "100", "quantity_unit": "瓶", "reason": "purchase", "counterpart": "雅安某某经营部", "cost_cny": "800.00"});
    bureau.head.records("stock-movements", bought).await;
    let gift = json!({"donor_kind": "organization", "donor_name": "某某乳业有限公司", "received_by_place_id": store, "received_on": "2020-01-28", "items": [{"item": "牛奶", "commodity": "milk_uht_250ml", "quantity": "48", "quantity_unit": "盒"}]});
    let gift = bureau.head.records("donations", gift).await;
    story.at("2020-01-28T17:00:00+08:00");
    let handed = json!({"from_place_id": store, "recipient_place_id": gate, "recipients": 4, "occasion": "staff_support", "donation_id": gift, "items": [{"item": "牛奶", "quantity": "24", "quantity_unit": "盒"}]});
    bureau.head.records("material-issues", handed).await;
    let given = bureau.head.get("/v1/stats/goods-given?occasion=staff_support").await.expect(200).body.to_string();
    assert!(given.contains("牛奶"), "{given}");
    let sheet = bureau.head.get(&format!("/v1/compounds/{court}/sheet")).await.expect(200).body.to_string();
    assert!(sheet.contains("联包帮大院门口"), "{sheet}");
    assert_eq!(bureau.head.evaluates("places.checkpoints_set_up", "2020-01-28").await, 1);
}
