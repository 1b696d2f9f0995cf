//! Work of the education bureau until the source text's second of February, for its line of the bulletin: fifty-odd
//! people on duty at eighteen compounds, near six hundred households reached, a hundred-odd passages registered,
//! about twenty thousand square metres disinfected.

use chrono::{Days, NaiveDate};
use kit::json::put;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::cast::{COMPOUNDS, Home};
use super::chance::Chance;
use super::passages::Passage;
use super::people::Resident;

/// People on duty at each compound.
const STAFF: usize = 3;
/// Roles on duty at each compound.
const ROLES: [&str; STAFF] = ["temperature_taker", "registrar", "volunteer"];
/// Passages that were the bureau's own work; those after them are the gates'.
const PASSAGES: usize = 106;

/// Records of a kind, in the order in which they are written.
pub type Part = (&'static str, Vec<Json>);

/// Compounds that are looked after by a school, below the bureau.
const OF_SCHOOL: usize = 4;

/// The bureau and one of its schools.
#[derive(Clone, Copy)]
pub struct Units {
    pub bureau: Uuid,
    pub school: Uuid,
}

impl Units {
    /// Organisation whose work is done at a compound.
    pub fn at(self, compound: usize) -> Uuid {
        if compound < OF_SCHOOL { self.school } else { self.bureau }
    }
}

/// Marks the first passages of the fortnight at the compounds as the bureau's and the school's.
pub fn claim(units: Units, passages: &mut [Passage]) {
    let at_compounds =
        passages.iter_mut().filter(|passage| passage.home < COMPOUNDS && passage.body.get("retest_of").is_none());
    at_compounds.take(PASSAGES).for_each(|passage| put(&mut passage.body, "org_id", json!(units.at(passage.home))));
}

/// Records of the days before, and of the morning itself.
pub fn morning(seed: u64, units: Units, homes: &[Home], residents: &[Resident], until_on: NaiveDate) -> Vec<Part> {
    let compounds = || homes.iter().take(COMPOUNDS).enumerate();
    let day = |index: usize| until_on.checked_sub_days(Days::new((index % 4) as u64)).unwrap_or(until_on);
    let disinfections = compounds().map(|(index, home)| {
        json!({"id": Chance::of(seed, "disinfection", index).id(), "org_id": units.at(index), "place_id": home.gate_id, "occurred_at": format!("{}T09:{:02}:00+08:00", day(index), 10 + index),
            "activity": "disinfection", "area_m2": "1120.0", "agent": "84 消毒液", "concentration_mg_per_l": 500, "method": "spray", "contact_minutes": 30})
    });
    let publicity = compounds().map(|(index, home)| {
        json!({"id": Chance::of(seed, "publicity", index).id(), "org_id": units.at(index), "place_id": home.gate_id, "occurred_at": format!("{}T10:{:02}:00+08:00", day(index), 10 + index),
            "method": "leaflet_to_household", "topic": "protection_knowledge", "document": "notice", "copies": 40, "households_reached": if index < 2 { 34 } else { 33 }})
    });
    let staff: Vec<&Resident> = residents
        .iter()
        .filter(|resident| resident.home < COMPOUNDS && resident.slot == 0)
        .take(COMPOUNDS * STAFF)
        .collect();
    let volunteers = staff.iter().enumerate().map(|(index, resident)| {
        json!({"id": Chance::of(seed, "volunteer", index).id(), "org_id": units.at(index / STAFF), "area_code": homes.get(resident.home).map(|home| home.area_code), "roles": ROLES,
            "person": {"name": resident.name, "document_number": resident.document_number}, "occurred_at": format!("{}T08:00:00+08:00", day(3))})
    });
    let shifts = compounds().map(|(index, home)| {
        json!({"id": shift(seed, index), "org_id": units.at(index), "place_id": home.gate_id, "title": "早班", "starts_at": format!("{until_on}T07:00:00+08:00"), "ends_at": format!("{until_on}T12:00:00+08:00"),
            "needs": ROLES.map(|role| json!({"role": role, "count": 1})), "occurred_at": format!("{}T18:00:00+08:00", day(1))})
    });
    let assignments = (0..staff.len()).map(|index| {
        json!({"id": assignment(seed, index), "org_id": units.at(index / STAFF), "shift_id": shift(seed, index / STAFF), "volunteer_id": Chance::of(seed, "volunteer", index).id(),
            "role": ROLES.get(index % STAFF)})
    });
    vec![
        ("disinfections", disinfections.collect()),
        ("publicity_activities", publicity.collect()),
        ("volunteers", volunteers.collect()),
        ("shifts", shifts.collect()),
        ("shift_assignments", assignments.collect()),
    ]
}

/// Attendances at the day's shifts, begun and ended: the service makes hours of them.
pub fn evening(seed: u64, units: Units, until_on: NaiveDate) -> Vec<Part> {
    let turn = |action: &'static str, at: &'static str| {
        let one = move |index: usize| {
            json!({"id": Chance::of(seed, action, index).id(), "org_id": units.at(index / STAFF), "assignment_id": assignment(seed, index), "action": action,
                "occurred_at": format!("{until_on}T{at}:{:02}+08:00", index % 60)})
        };
        ("shift_attendances", (0..COMPOUNDS * STAFF).map(one).collect())
    };
    vec![turn("check_in", "06:55"), turn("check_out", "12:03")]
}

fn shift(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "shift", index).id()
}

fn assignment(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "assignment", index).id()
}
