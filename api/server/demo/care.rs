//! Those who came back from Hubei, observed at home: five supervisors, a signed notice, two readings a day.

use chrono::{Days, NaiveDate};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::bureau::Part;
use super::cast::Home;
use super::chance::Chance;
use super::people::Resident;

/// Days of observation that are told.
pub const DAYS: u64 = 4;
const LEVELS: [(&str, &str); 5] = [
    ("town", "镇街干部"),
    ("village", "村社干部"),
    ("group", "组干部"),
    ("health_center", "卫生院医生"),
    ("police_station", "片区民警"),
];

/// Those who are observed.
pub fn observed(residents: &[Resident]) -> Vec<(usize, &Resident)> {
    let categories = ["hubei_returnee", "hubei_transit_returnee"];
    let of = |resident: &&Resident| {
        let category = resident.body.pointer("/categories/0/category").and_then(Json::as_str);
        category.is_some_and(|category| categories.contains(&category))
    };
    residents.iter().filter(of).enumerate().collect()
}

/// The cases with their notices, on the first of the days.
pub fn cases(seed: u64, observed: &[(usize, &Resident)], homes: &[Home], first_on: NaiveDate) -> Vec<Part> {
    let mut parts: [Vec<Json>; 4] = Default::default();
    let [cases, notices, notified, begun] = &mut parts;
    for (index, resident) in observed {
        let (id, area) = (case(seed, *index), homes.get(resident.home).map(|home| home.area_code));
        let category = resident.body.pointer("/categories/0/category");
        let supervisors: Vec<Json> = LEVELS.iter().enumerate().map(|(level, (code, name))| json!({"level": code, "name": format!("{name}{}", index + 1), "phone": format!("1549999{:04}", index * 5 + level)})).collect();
        let anchored_on = first_on.checked_sub_days(Days::new(2 + (*index as u64) % 5)).unwrap_or(first_on);
        cases.push(json!({"id": id, "area_code": area, "person": {"name": resident.name, "document_number": resident.document_number}, "categories": [category], "evidence": "火车票",
            "anchor": "departure", "anchored_on": anchored_on, "address": resident.body.get("address"), "supervisors": supervisors, "occurred_at": format!("{first_on}T06:10:00+08:00")}));
        // A few notices are still to be signed.
        if index % 7 == 6 {
            continue;
        }
        notices.push(json!({"id": Chance::of(seed, "notice", *index).id(), "case_id": id, "signed_on": first_on, "issued_by": "卫生院", "signed_by": resident.name, "occurred_at": format!("{first_on}T06:20:00+08:00")}));
        notified.push(step(seed, "notified", *index, &format!("{first_on}T06:25:00+08:00")));
        begun.push(step(seed, "under_observation", *index, &format!("{first_on}T06:30:00+08:00")));
    }
    let kinds = ["isolation_cases", "observation_notices", "isolation_case_transitions", "isolation_case_transitions"];
    kinds.into_iter().zip(parts).collect()
}

fn step(seed: u64, to: &str, index: usize, at: &str) -> Json {
    json!({"id": Chance::of(seed, to, index).id(), "case_id": case(seed, index), "to": to, "occurred_at": at})
}

/// The readings of a day and slot; one in twenty isn't taken.
pub fn readings(seed: u64, observed: &[(usize, &Resident)], day: NaiveDate, slot: &str) -> Part {
    let taken = observed.iter().filter(|(index, _)| index % 7 != 6).filter_map(|(index, _)| {
        let mut chance = Chance::of(seed, &format!("reading {day} {slot}"), *index);
        let temperature = 362 + chance.below(8);
        let at = if slot == "am" { "08" } else { "18" };
        (!chance.per_mille(50)).then(|| json!({"id": chance.id(), "case_id": case(seed, *index), "temperature_c": format!("{}.{}", temperature / 10, temperature % 10), "slot": slot, "measure_site": "axillary",
            "device": "mercury", "home_visit": true, "symptoms": ["none"], "occurred_at": format!("{day}T{at}:{:02}:00+08:00", 5 + index % 50)}))
    });
    ("temperature_readings", taken.collect())
}

fn case(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "case", index).id()
}
