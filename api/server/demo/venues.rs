//! Compounds and venues until the source text's second of February: who helps which compound (联包帮), disposal points
//! collected day by day, twenty large restaurants of which eighteen are suspended, banquets called off under the ban.

use chrono::{Days, NaiveDate};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::bureau::{Part, Units};
use super::cast::{COMPOUNDS, Home};
use super::chance::Chance;
use super::timeline::{Step, Work};

/// Compounds that the commerce bureau helps.
const HELPED: usize = 6;
/// Large restaurants beside the one that stands among the first places.
const RESTAURANTS: usize = 19;
/// Of them, those that are suspended; the last one sells takeaway.
const SUSPENDED: usize = 18;
/// Days before the last one on which the ban began.
const BAN_BEGAN: u64 = 8;
/// Banquets that were called off: tables and diners of each, and for what.
const CALLED_OFF: [(i64, i64, &str); 3] = [(12, 120, "wedding"), (20, 200, "birthday"), (8, 80, "full_moon")];

fn back(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

fn restaurant(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "restaurant", index).id()
}

fn point(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "mask_point", index).id()
}

fn compounds(homes: &[Home]) -> impl Iterator<Item = (usize, &Home)> {
    homes.iter().take(COMPOUNDS).enumerate()
}

/// A disposal point in every compound, whose unit answers for it.
pub fn points(seed: u64, units: Units, homes: &[Home], since_on: NaiveDate) -> Part {
    let points = compounds(homes).map(|(index, home)| {
        json!({"id": point(seed, index), "org_id": units.at(index), "kind": "mask_disposal_point", "name": format!("{}口罩弃置点", home.name), "area_code": home.area_code,
            "parent_id": home.place_id, "established_on": since_on, "established_by_org_id": units.at(index)})
    });
    ("places", points.collect())
}

/// Collections at the points on an evening, every third time nothing; on the last day one is forgotten.
pub fn collections(seed: u64, units: Units, homes: &[Home], day: NaiveDate, is_last: bool) -> Part {
    let forgotten = is_last.then_some(COMPOUNDS - 1);
    let collected = compounds(homes).filter(|(index, _)| Some(*index) != forgotten).map(|(index, home)| {
        let mut chance = Chance::of(seed, &format!("mask_collection.{day}"), index);
        let bags = chance.below(3);
        json!({"id": chance.id(), "org_id": units.at(index), "area_code": home.area_code, "place_id": point(seed, index), "bags": bags, "weight_kg": format!("{}.5", bags),
            "disinfected": true, "destination": "medical_waste", "occurred_at": format!("{day}T18:{:02}:00+08:00", 10 + index)})
    });
    ("mask_collections", collected.collect())
}

/// All the rest, as it stands on the last evening.
pub fn evening(seed: u64, units: Units, commerce: Uuid, homes: &[Home], until_on: NaiveDate) -> Vec<Step> {
    let gates = compounds(homes).take(HELPED);
    let set_up = gates.map(|(_, home)| {
        (home.gate_id, json!({"established_on": back(until_on, BAN_BEGAN), "established_by_org_id": commerce}))
    });
    let places = Work::Amendments("places", set_up.collect());
    let parts = [
        ("places", restaurants(seed, commerce, homes, until_on)),
        ("compound_partnerships", partnerships(seed, units, commerce, homes, until_on)),
        ("gathering_bans", vec![ban(seed, until_on)]),
        ("banquets", banquets(seed, commerce, homes, until_on)),
        ("commitments", commitments(seed, commerce, until_on)),
    ];
    [Step { by: None, work: places }].into_iter().chain(parts.into_iter().map(Step::from)).collect()
}

fn restaurants(seed: u64, commerce: Uuid, homes: &[Home], until_on: NaiveDate) -> Vec<Json> {
    let one = |index: usize| {
        let home = homes.get(index % COMPOUNDS);
        let status = if index < SUSPENDED { "suspended" } else { "takeaway_only" };
        json!({"id": restaurant(seed, index), "kind": "large_catering", "name": format!("雨城大酒楼{}店", index + 1), "area_code": home.map(|home| home.area_code), "seats": 200 + 10 * index,
            "supervising_org_ids": [commerce], "operating_status": status, "operating_status_since_at": format!("{}T10:00:00+08:00", back(until_on, BAN_BEGAN))})
    };
    (0..RESTAURANTS).map(one).collect()
}

/// Each compound has the unit that owns it, and some are helped by the bureau.
fn partnerships(seed: u64, units: Units, commerce: Uuid, homes: &[Home], until_on: NaiveDate) -> Vec<Json> {
    let bond = |(index, home): (usize, &Home), kind: &str, partner: Uuid| json!({"id": Chance::of(seed, kind, index).id(), "place_id": home.place_id, "partner_org_id": partner, "partnership_kind": kind, "starts_on": back(until_on, BAN_BEGAN + 1)});
    let owned = compounds(homes).map(|(index, home)| bond((index, home), "owner", units.at(index)));
    let helped = compounds(homes).take(HELPED).map(|one| bond(one, "lian_bao_bang", commerce));
    owned.chain(helped).collect()
}

fn ban(seed: u64, until_on: NaiveDate) -> Json {
    json!({"id": Chance::of(seed, "ban", 0).id(), "area_code": "511802", "effective_on": back(until_on, BAN_BEGAN), "max_tables": 0, "basis": "四川省关于禁止群体性聚餐的紧急通知"})
}

/// Three were called off, and one was held in a village in spite of the ban.
fn banquets(seed: u64, commerce: Uuid, homes: &[Home], until_on: NaiveDate) -> Vec<Json> {
    let called_off = CALLED_OFF.into_iter().enumerate().map(|(index, (tables, diners, occasion))| {
        json!({"id": Chance::of(seed, "banquet", index).id(), "org_id": commerce, "place_id": restaurant(seed, index), "area_code": homes.get(index).map(|home| home.area_code), "occasion": occasion,
            "planned_on": back(until_on, 5), "tables": tables, "diners": diners, "status": "cancelled", "refund_settled": true, "found_by": "declaration",
            "occurred_at": format!("{}T15:{:02}:00+08:00", back(until_on, BAN_BEGAN), 10 + index)})
    });
    let held = homes.get(COMPOUNDS).map(|home| {
        json!({"id": Chance::of(seed, "banquet", CALLED_OFF.len()).id(), "org_id": commerce, "address": "村口坝子", "area_code": home.area_code, "occasion": "reunion",
            "planned_on": back(until_on, 3), "tables": 6, "diners": 60, "status": "held", "found_by": "tip", "occurred_at": format!("{}T19:00:00+08:00", back(until_on, 3))})
    });
    called_off.chain(held).collect()
}

fn commitments(seed: u64, commerce: Uuid, until_on: NaiveDate) -> Vec<Json> {
    let one = |index: usize| {
        json!({"id": Chance::of(seed, "commitment", index).id(), "org_id": commerce, "place_id": restaurant(seed, index), "commitment_kind": "no_banquet",
            "signed_on": back(until_on, BAN_BEGAN), "occurred_at": format!("{}T16:{:02}:00+08:00", back(until_on, BAN_BEGAN), 10 + index)})
    };
    (0..RESTAURANTS).map(one).collect()
}
