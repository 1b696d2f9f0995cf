//! A fortnight at the gates: out in the morning, in in the evening, a few visitors, a few fevers.

use chrono::{Days, NaiveDate};
use kit::json::put;
use serde_json::{Value as Json, json};

use super::cast::Home;
use super::chance::Chance;
use super::people::Resident;

/// Days told.
pub const DAYS: u64 = 14;
/// Passages a day and thousand residents.
const A_DAY_PER_MILLE: usize = 260;
/// Hours as often as people pass in them.
const HOURS: [u32; 24] = [7, 7, 7, 8, 8, 8, 8, 9, 9, 10, 11, 12, 13, 14, 15, 16, 17, 17, 18, 18, 18, 19, 19, 20];

/// A passage and the gate at which it is.
pub struct Passage {
    /// The number of the home whose gate it is.
    pub home: usize,
    /// Body that is posted.
    pub body: Json,
}

/// The passages of the fortnight that ends on a day. Each fever is measured again a quarter of an hour later.
pub fn passages(seed: u64, residents: &[Resident], homes: &[Home], until_on: NaiveDate) -> Vec<Passage> {
    let a_day = (residents.len() * A_DAY_PER_MILLE).div_ceil(1_000);
    let mut passages = Vec::new();
    for back in (0..DAYS).rev() {
        let Some(day) = until_on.checked_sub_days(Days::new(back)) else { continue };
        for index in 0..a_day {
            let number = usize::try_from(DAYS - 1 - back).unwrap_or(0) * a_day + index;
            passages.extend(passage(seed, number, day, residents, homes));
        }
    }
    passages
}

fn passage(seed: u64, number: usize, day: NaiveDate, residents: &[Resident], homes: &[Home]) -> Vec<Passage> {
    let mut chance = Chance::of(seed, "passage", number);
    let Some(resident) = residents.get(chance.below(residents.len())) else { return Vec::new() };
    let hour = HOURS.get(chance.below(HOURS.len())).copied().unwrap_or(12);
    let minute = chance.below(45);
    let visitor = chance.per_mille(90);
    let home = if visitor { chance.below(homes.len()) } else { resident.home };
    let Some(gate) = homes.get(home) else { return Vec::new() };
    let fever = chance.per_mille(3);
    let temperature = if fever { 373 + chance.below(12) } else { 361 + chance.below(8) };
    let mut body = json!({
        "id": chance.id(),
        "place_id": gate.gate_id,
        "occurred_at": format!("{day}T{hour:02}:{minute:02}:00+08:00"),
        "direction": if hour < 12 { "out" } else { "in" },
        "person": {"name": resident.name, "document_number": resident.document_number},
        "person_kind": if visitor { chance.one_of(&["visitor", "delivery", "worker"]) } else { "resident" },
        "temperature_c": format!("{}.{}", temperature / 10, temperature % 10),
        "measure_site": "forehead",
        "device": "infrared",
        "mask": chance.per_mille(960),
        "disposition": if fever { "retest" } else if hour < 12 { "released_out" } else { "admitted" },
    });
    if chance.per_mille(920) {
        let answer = if chance.per_mille(6) { "risk_area_stay_14d" } else { "none" };
        put(&mut body, "answers", json!([answer]));
    }
    if chance.per_mille(120) {
        put(&mut body, "vehicle", json!({"plate_number": format!("川T{:05}", chance.below(99_999))}));
    }
    let mut passages = vec![Passage { home, body }];
    if fever {
        passages.extend(retest(seed, number, home, passages.first()));
    }
    passages
}

/// Measured again: mostly a fever still, and on to the clinic.
fn retest(seed: u64, number: usize, home: usize, first: Option<&Passage>) -> Option<Passage> {
    let mut chance = Chance::of(seed, "retest", number);
    let mut body = first?.body.clone();
    let earlier = body.get("id").cloned()?;
    let occurred_at = body.get("occurred_at")?.as_str()?.to_owned();
    let minute: u32 = occurred_at.get(14..16)?.parse().ok()?;
    let occurred_at = format!("{}{:02}{}", occurred_at.get(..14)?, minute + 15, occurred_at.get(16..)?);
    let still = chance.per_mille(700);
    let temperature = if still { format!("37.{}", 4 + chance.below(5)) } else { "36.9".to_owned() };
    for (name, value) in [
        ("id", json!(chance.id())),
        ("retest_of", earlier),
        ("occurred_at", json!(occurred_at)),
        ("temperature_c", json!(temperature)),
        ("measure_site", json!("axillary")),
        ("device", json!("mercury")),
        ("disposition", json!(if still { "referred_fever_clinic" } else { "admitted" })),
    ] {
        put(&mut body, name, value);
    }
    Some(Passage { home, body })
}
