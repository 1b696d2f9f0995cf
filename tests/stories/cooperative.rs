//! 区供销社: stocks for the spring ploughing, and with its partner vegetables to the door.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::shifts::DAXING;
use crate::support::story::Story;

#[tokio::test]
async fn the_cooperative_stores_for_spring_and_brings_vegetables_to_the_door() {
    let story = Story::begin("2020-01-28T10:00:00+08:00").await;
    let cooperative = story.unit("bureau", "区供销社", None).await;
    let partner = story.unit("partner", "田舍益家城市消费合作社", Some(&cooperative)).await;
    let courier = story.takes_on(&partner.head, Role::Volunteer, "511802", Some(&partner)).await;
    let store =
        json!({"kind": "agri_input_shop", "name": "农资仓库", "area_code": DAXING, "org_id": cooperative.org_id});
    let store = cooperative.head.records("places", store).await;
    let moved = |commodity: &str, direction: &str, quantity: &str, unit: &str| json!({"place_id": store, "commodity": commodity, "direction": direction, "quantity": quantity, "quantity_unit": unit, "reason": if direction == "in" { "purchase" } else { "sale" }});
    cooperative.head.records("stock-movements", moved("agri_fertilizer_urea", "in", "450", "吨")).await;
    cooperative.head.records("stock-movements", moved("agri_pesticide", "in", "2700", "件")).await;
    story.at("2020-01-29T10:00:00+08:00");
    cooperative.head.records("stock-movements", moved("agri_fertilizer_urea", "out", "20000", "公斤")).await;
    let target = json!({"name": "春耕化肥储备", "area_code": "511802", "commodities": ["agri_fertilizer_urea"], "quantity": "430", "quantity_unit": "吨", "starts_on": "2020-01-21"});
    cooperative.head.records("stock-targets", target).await;
    let stocks = cooperative.head.get("/v1/stocks").await.expect(200).body["items"].clone();
    let held: Vec<(&Json, &Json)> =
        stocks.as_array().unwrap().iter().map(|stock| (&stock["commodity"], &stock["quantity"])).collect();
    assert_eq!(held, [(&json!("agri_fertilizer_urea"), &json!("430")), (&json!("agri_pesticide"), &json!("2700"))]);
    let before = cooperative.head.get("/v1/stocks?on=2020-01-28").await.expect(200).body["items"].clone();
    assert_eq!(before[0]["quantity"], "450", "as it was the day before");
    // Needs of households are given to the partner, whose courier sees those and nothing else.
    story.at("2020-02-01T09:00:00+08:00");
    let items =
        json!([{"item": "大白菜", "commodity": "veg_chinese_cabbage", "quantity": "10", "quantity_unit": "斤"}]);
    let need = |household: &str, to: Option<&str>| json!({"area_code": DAXING, "household": household, "items": items, "assigned_org_id": to});
    let given = cooperative.head.records("need-requests", need("王五", Some(&partner.org_id))).await;
    let kept = cooperative.head.records("need-requests", need("赵六", None)).await;
    assert_eq!(courier.counts("/v1/need-requests").await, 1);
    let half = json!([{"item": "大白菜", "commodity": "veg_chinese_cabbage", "quantity": "4", "quantity_unit": "斤"}]);
    story.at("2020-02-01T16:00:00+08:00");
    courier.records("deliveries", json!({"need_request_id": given, "items": half, "proof": "signature"})).await;
    let state = async || courier.get(&format!("/v1/need-requests/{given}")).await.expect(200).body["state"].clone();
    assert_eq!(state().await, "partly_delivered");
    story.at("2020-02-02T10:00:00+08:00");
    let rest = json!([{"item": "大白菜", "commodity": "veg_chinese_cabbage", "quantity": "6", "quantity_unit": "斤"}]);
    courier.records("deliveries", json!({"need_request_id": given, "items": rest, "proof": "signature"})).await;
    assert_eq!(state().await, "delivered");
    assert_eq!(cooperative.head.counts("/v1/need-requests?state=open").await, 1);
    let brought = cooperative
        .head
        .get("/v1/stats/deliveries?by=total&from_on=2020-02-01&to_on=2020-02-02")
        .await
        .expect(200)
        .body;
    assert_eq!(brought["total"]["deliveries"]["value"], 2, "the partner's count as its own: {brought}");
    // More than there is leaves no store, and nobody delivers what was given to others.
    let much = cooperative
        .head
        .post("/v1/stock-movements", moved("agri_fertilizer_urea", "out", "431", "吨"))
        .await
        .expect(422);
    assert_eq!(much.faults()[0].1, "insufficient_stock");
    courier.get(&format!("/v1/need-requests/{kept}")).await.expect(404);
    courier
        .post("/v1/deliveries", json!({"need_request_id": kept, "items": half, "proof": "signature"}))
        .await
        .expect(422);
    courier.is_refused("stock-movements", moved("agri_pesticide", "out", "1", "件")).await;
}

#[tokio::test]
async fn the_cooperative_knows_who_of_its_people_is_away() {
    let story = Story::begin("2020-02-01T08:00:00+08:00").await;
    let cooperative = story.unit("cooperative", "区供销社", None).await;
    for (name, arrived_on) in [("张三", json!(null)), ("李四", json!("2020-01-30")), ("王五", json!("2020-01-31"))]
    {
        let travel = json!({"person": {"name": name, "phone": "15400000041", "area_code": "511802005001"}, "capacity": "staff", "left_on": "2020-01-18", "arrived_on": arrived_on, "contact_with_case": "none"});
        cooperative.head.records("travels", travel).await;
    }
    assert_eq!(cooperative.head.evaluates("travels.staff_away", "2020-02-01").await, 1);
    assert_eq!(cooperative.head.evaluates("travels.staff_returned", "2020-02-01").await, 2);
}
