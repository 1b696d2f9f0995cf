//! Supply: reports of the stores each evening, findings of the inspectors, stocks of the cooperative for spring.

use chrono::{Days, NaiveDate};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::bureau::Part;
use super::chance::Chance;

/// Commodities with a price in fen a unit of 500 grams, a box, five litres, and how it is sold.
const GOODS: [(&str, usize, &str, &str); 8] = [
    ("meat_pork_hind_leg", 3_150, "元/500克", "kg"),
    ("veg_chinese_cabbage", 210, "元/500克", "kg"),
    ("veg_potato", 260, "元/500克", "kg"),
    ("grain_rice_indica", 290, "元/500克", "kg"),
    ("oil_rapeseed", 6_400, "元/5升", "L"),
    ("milk_uht_250ml", 270, "元/盒", "盒"),
    ("egg_chicken", 520, "元/500克", "kg"),
    ("meat_beef", 4_600, "元/500克", "kg"),
];
/// Days that are told.
const DAYS: u64 = 10;

/// The reports of stores; the last one forgets the last day.
pub fn reports(seed: u64, stores: &[Uuid], until_on: NaiveDate) -> Part {
    let mut reports = Vec::new();
    for back in (0..DAYS).rev() {
        let Some(day) = until_on.checked_sub_days(Days::new(back)) else { continue };
        for (store, place_id) in stores.iter().enumerate() {
            if back == 0 && store + 1 == stores.len() {
                continue;
            }
            let index = usize::try_from(back).unwrap_or(0) * stores.len() + store;
            let rising = usize::try_from(DAYS - back).unwrap_or(0);
            let lines: Vec<Json> = GOODS
                .iter()
                .enumerate()
                .map(|(number, good)| line(seed, index * GOODS.len() + number, rising, good))
                .collect();
            reports.push(json!({"id": Chance::of(seed, "report", index).id(), "place_id": place_id, "reported_on": day, "occurred_at": format!("{day}T17:{:02}:00+08:00", 10 + store), "lines": lines}));
        }
    }
    ("supply_reports", reports)
}

/// Vegetables rise by some per cent a day, the rest hardly.
fn line(
    seed: u64,
    index: usize,
    rising: usize,
    (commodity, fen, price_unit, quantity_unit): &(&str, usize, &str, &str),
) -> Json {
    let mut chance = Chance::of(seed, "line", index);
    let rise = if commodity.starts_with("veg_") { rising * 22 } else { rising * 3 };
    let retail = fen * (1_000 + rise + chance.below(20)) / 1_000;
    let purchase = retail * (800 + chance.below(60)) / 1_000;
    let yuan = |fen: usize| format!("{}.{:02}", fen / 100, fen % 100);
    let sold = 40 + chance.below(160);
    json!({"commodity": commodity, "purchase_price": yuan(purchase), "retail_price": yuan(retail), "price_unit": price_unit, "purchased": (sold + chance.below(60)).to_string(),
        "sold": sold.to_string(), "closing_stock": (sold * (1 + chance.below(5))).to_string(), "quantity_unit": quantity_unit})
}

/// Stocks of the cooperative: the source text's 430 tonnes and 2,700 cases.
pub fn stocks(seed: u64, org_id: Uuid, warehouse_id: Uuid, until_on: NaiveDate) -> Part {
    let goods = [
        ("agri_fertilizer_urea", "300", "t"),
        ("agri_fertilizer_compound", "130", "t"),
        ("agri_pesticide", "2700", "item"),
    ];
    let day = until_on.checked_sub_days(Days::new(5)).unwrap_or(until_on);
    let movement = |(index, (commodity, quantity, unit)): (usize, (&str, &str, &str))| {
        json!({"id": Chance::of(seed, "movement", index).id(), "org_id": org_id, "place_id": warehouse_id, "commodity": commodity, "direction": "in", "quantity": quantity, "quantity_unit": unit,
            "reason": "purchase", "occurred_at": format!("{day}T10:0{index}:00+08:00")})
    };
    ("stock_movements", goods.into_iter().enumerate().map(movement).collect())
}

/// How much fertiliser should be there before spring.
pub fn target(seed: u64, org_id: Uuid) -> Part {
    let target = json!({"id": Chance::of(seed, "target", 0).id(), "org_id": org_id, "area_code": "511802", "name": "春耕化肥储备", "commodities": ["agri_fertilizer_urea", "agri_fertilizer_compound", "agri_fertilizer_phosphate"],
        "quantity": "500", "quantity_unit": "吨", "starts_on": "2020-01-21", "ends_on": "2020-04-30"});
    ("stock_targets", vec![target])
}

/// Inspections by the commerce bureau.
pub fn inspections(seed: u64, org_id: Uuid, stores: &[Uuid], until_on: NaiveDate) -> Part {
    let items = [
        "emergency_plan",
        "temperature_monitoring",
        "abnormal_registration",
        "disinfection",
        "cleaning_supplies",
        "publicity",
    ];
    let one = |(index, place_id): (usize, &Uuid)| {
        let mut chance = Chance::of(seed, "inspection", index);
        let results: Vec<Json> = items
            .iter()
            .map(|code| json!({"code": code, "result": if chance.per_mille(120) { "fail" } else { "pass" }}))
            .collect();
        json!({"id": chance.id(), "org_id": org_id, "place_id": place_id, "occurred_at": format!("{until_on}T15:{:02}:00+08:00", 10 + index), "inspectors": ["李强"], "items": results})
    };
    ("inspections", stores.iter().enumerate().map(one).collect())
}
