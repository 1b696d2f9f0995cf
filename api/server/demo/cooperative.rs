//! Work of the cooperative beside its stocks: who passes its entrances, and what its partner brings to doors.

use chrono::NaiveDate;
use kit::json::put;
use serde_json::json;
use uuid::Uuid;

use super::bureau::Part;
use super::cast::{COMPOUNDS, Home};
use super::chance::Chance;
use super::passages::Passage;
use super::people::Resident;

/// Passages that the cooperative's people register, after the bureau's own.
const PASSAGES: usize = 12;
/// Households that ask, and are brought what they asked for.
const ASKING: usize = 6;

/// Marks passages at the compounds that are nobody's yet as the cooperative's.
pub fn claim(org_id: Uuid, passages: &mut [Passage]) {
    let free = passages.iter_mut().filter(|passage| {
        let body = &passage.body;
        passage.home < COMPOUNDS && body.get("retest_of").is_none() && body.get("org_id").is_none()
    });
    free.take(PASSAGES).for_each(|passage| put(&mut passage.body, "org_id", json!(org_id)));
}

/// Requests of households of the compounds in the morning, and the partner's deliveries to them.
pub fn at_the_doors(
    seed: u64,
    (org_id, partner_id): (Uuid, Uuid),
    homes: &[Home],
    residents: &[Resident],
    on: NaiveDate,
) -> Vec<Part> {
    let items = json!([
        {"item": "大白菜", "commodity": "veg_chinese_cabbage", "quantity": "5", "quantity_unit": "斤"},
        {"item": "猪肉", "commodity": "meat_pork_hind_leg", "quantity": "2", "quantity_unit": "斤"},
    ]);
    let asking = || residents.iter().filter(|resident| resident.home < COMPOUNDS).take(ASKING).enumerate();
    let need = |index| Chance::of(seed, "need", index).id();
    let area = |resident: &Resident| homes.get(resident.home).map(|home| home.area_code);
    let needs = asking().map(|(index, resident)| {
        json!({"id": need(index), "org_id": org_id, "area_code": area(resident), "household": resident.name, "items": items,
            "occurred_at": format!("{on}T09:{:02}:00+08:00", 5 + index)})
    });
    let deliveries = asking().map(|(index, resident)| {
        json!({"id": Chance::of(seed, "delivery", index).id(), "org_id": partner_id, "area_code": area(resident), "need_request_id": need(index),
            "items": [{"item": "大白菜", "quantity": "5", "quantity_unit": "斤"}, {"item": "猪肉", "quantity": "2", "quantity_unit": "斤"}],
            "proof": "signature", "occurred_at": format!("{on}T16:{:02}:00+08:00", 5 + index)})
    });
    vec![("need_requests", needs.collect()), ("deliveries", deliveries.collect())]
}
