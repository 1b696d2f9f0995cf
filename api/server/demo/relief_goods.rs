//! Goods of the relief work: what was given and for whom, milk, water and noodles for those on duty, disinfectant that
//! was bought, rice that went from the warehouse to a store.

use chrono::{Days, NaiveDate};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::bureau::Part;
use super::cast::{self, COMMERCE, EDUCATION, Home, STREET, organization_id};
use super::chance::Chance;

/// Compounds to whose gates the bureau brings something.
const GATES: usize = 6;

/// All of it, what comes in first.
pub fn parts(seed: u64, homes: &[Home], until_on: NaiveDate) -> Vec<Part> {
    let received_on = until_on.checked_sub_days(Days::new(3)).unwrap_or(until_on);
    let (warehouse, point) = (cast::warehouse(seed), cast::service_point(seed));
    let [commerce, education, street] = [COMMERCE, EDUCATION, STREET].map(|unit| organization_id(seed, unit));
    vec![
        ("donations", donations(seed, (education, street), (point, warehouse), received_on)),
        ("stock_movements", movements(seed, (education, commerce), (point, warehouse), received_on)),
        ("material_issues", issues(seed, (education, street), (point, warehouse), homes, until_on)),
    ]
}

fn item(item: &str, commodity: Option<&str>, quantity: usize, unit: &str, value: Option<&str>) -> Json {
    json!({"item": item, "commodity": commodity, "quantity": quantity.to_string(), "quantity_unit": unit, "value_cny": value})
}

fn id(seed: u64, what: &str, index: usize) -> Uuid {
    Chance::of(seed, what, index).id()
}

fn donations(
    seed: u64,
    (education, street): (Uuid, Uuid),
    (point, warehouse): (Uuid, Uuid),
    received_on: NaiveDate,
) -> Vec<Json> {
    let at = format!("{received_on}T10:00:00+08:00");
    vec![
        json!({"id": id(seed, "donation", 0), "org_id": education, "donor_kind": "organization", "donor_name": "雅安市某某乳业有限公司", "may_be_published": true,
            "received_by_place_id": point, "received_on": received_on, "receipt_no": "雨捐2020-001", "occurred_at": at, "items": [
                item("牛奶", Some("milk_uht_250ml"), 480, "盒", Some("1296.00")),
                item("瓶装水", Some("water_bottled_550ml"), 480, "瓶", Some("720.00")),
                item("方便面", Some("instant_noodles"), 240, "袋", Some("600.00"))]}),
        json!({"id": id(seed, "donation", 1), "org_id": street, "donor_kind": "anonymous", "received_by_place_id": warehouse, "received_on": received_on,
            "receipt_no": "雨捐2020-002", "designated_org_id": street, "occurred_at": at, "items": [
                item("口罩", Some("ppe_mask_medical_disposable"), 500, "个", Some("1000.00"))]}),
    ]
}

/// Whose, where, in or out, what, how much, why, from or to whom, for how much money.
type Moved<'a> = (Uuid, Uuid, &'a str, &'a str, &'a str, &'a str, &'a str, &'a str, Option<&'a str>);

/// Disinfectant that the bureau bought; rice that was bought, and a part of it dispatched to a store.
fn movements(
    seed: u64,
    (education, commerce): (Uuid, Uuid),
    (point, warehouse): (Uuid, Uuid),
    on: NaiveDate,
) -> Vec<Json> {
    let store = cast::stores(seed).first().copied().unwrap_or(warehouse);
    let movement = |(index, told): (usize, Moved<'_>)| {
        let (org_id, place_id, direction, commodity, quantity, unit, reason, counterpart, cost) = told;
        json!({"id": id(seed, "goods_movement", index), "org_id": org_id, "place_id": place_id, "commodity": commodity, "direction": direction, "quantity": quantity,
            "quantity_unit": unit, "reason": reason, "counterpart": counterpart, "cost_cny": cost, "occurred_at": format!("{on}T11:{index:02}:00+08:00")})
    };
    let told = [
        (education, point, "in", "disinfectant_84", "200", "瓶", "purchase", "雅安某某消毒用品经营部", Some("1600.00")),
        (
            commerce,
            warehouse,
            "in",
            "grain_rice_indica",
            "20",
            "吨",
            "purchase",
            "雅安某某粮油有限公司",
            Some("96000.00"),
        ),
        (commerce, warehouse, "out", "grain_rice_indica", "5", "吨", "transfer", "惠民超市龙溪店", None),
        (commerce, store, "in", "grain_rice_indica", "5", "吨", "transfer", "供销社农资仓库", None),
    ];
    told.into_iter().enumerate().map(movement).collect()
}

/// Goods brought to those on duty at the compounds, goods handed out against the epidemic, and the street's own gift.
fn issues(
    seed: u64,
    (education, street): (Uuid, Uuid),
    (point, warehouse): (Uuid, Uuid),
    homes: &[Home],
    on: NaiveDate,
) -> Vec<Json> {
    let donation_id = id(seed, "donation", 0);
    let at_gates = homes.iter().take(GATES).enumerate().map(|(index, home)| {
        json!({"id": id(seed, "issue", index), "org_id": education, "from_place_id": point, "recipient_place_id": home.gate_id, "recipients": 4, "occasion": "staff_support",
            "donation_id": donation_id, "occurred_at": format!("{on}T15:{:02}:00+08:00", 5 * index), "items": [
                item("牛奶", Some("milk_uht_250ml"), 24, "盒", None),
                item("瓶装水", Some("water_bottled_550ml"), 24, "瓶", None),
                item("方便面", Some("instant_noodles"), 12, "袋", None)]})
    });
    let disinfectant = json!({"id": id(seed, "issue", GATES), "org_id": education, "from_place_id": point, "recipient_org_id": education, "occasion": "disinfection",
        "occurred_at": format!("{on}T16:00:00+08:00"), "items": [item("84消毒液", Some("disinfectant_84"), 36, "瓶", None)]});
    let masks = json!({"id": id(seed, "issue", GATES + 1), "org_id": street, "from_place_id": warehouse, "recipient_org_id": street, "occasion": "protection", "recipients": 60,
        "donation_id": id(seed, "donation", 1), "occurred_at": format!("{on}T16:10:00+08:00"), "items": [item("口罩", Some("ppe_mask_medical_disposable"), 300, "个", None)]});
    at_gates.chain([disinfectant, masks]).collect()
}
