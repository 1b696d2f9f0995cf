//! The order in which the district's days are lived through.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value as Json;

use super::bureau::{Part, Units};
use super::cast::{self, COMMERCE, COOPERATIVE, EDUCATION, Home, SCHOOL, organization_id};
use super::passages::{Passage, passages};
use super::people::Resident;
use super::{Demo, bureau, care, supply};

/// Moment at which records are written.
pub struct Moment {
    /// Time on the clock then.
    pub at: DateTime<Utc>,
    /// Writer (the command where nobody is named), kind and bodies of the records.
    pub parts: Vec<(Option<String>, &'static str, Vec<Json>)>,
}

/// Every moment, in order.
pub fn timeline(demo: &Demo, residents: &[Resident], homes: &[Home]) -> Vec<Moment> {
    let (seed, until_on) = (demo.seed, demo.until_on);
    let [bureau, school, commerce, cooperative] =
        [EDUCATION, SCHOOL, COMMERCE, COOPERATIVE].map(|unit| organization_id(seed, unit));
    let education = Units { bureau, school };
    let mut passages = passages(seed, residents, homes, until_on);
    bureau::claim(education, &mut passages);
    let (observed, stores) = (care::observed(residents), cast::stores(seed));
    let back = |days: u64| until_on.checked_sub_days(Days::new(days)).unwrap_or(until_on);
    let first_on = back(care::DAYS - 1);
    let [parents, places] = cast::places(seed);
    // Records named by others must be there first.
    let (units, below) =
        cast::organizations(seed).into_iter().partition(|unit| unit.get("parent_id").is_none_or(Json::is_null));
    let mut first = vec![
        ("organizations", units),
        ("organizations", below),
        ("places", parents),
        ("places", places),
        ("people", residents.iter().map(|resident| resident.body.clone()).collect()),
    ];
    first.extend(care::cases(seed, &observed, homes, first_on));
    let mut moments = vec![moment(first_on, "06:40", first)];
    for days in (0..care::DAYS).rev() {
        let day = back(days);
        if days == 0 {
            moments.push(moment(day, "06:50", bureau::morning(seed, education, homes, residents, until_on)));
        }
        moments.push(moment(day, "12:10", vec![care::readings(seed, &observed, day, "am")]));
        let mut evening = vec![care::readings(seed, &observed, day, "pm")];
        if days == 0 {
            evening.extend(bureau::evening(seed, education, until_on));
            evening.push(supply::reports(seed, &stores, until_on));
            evening.push(supply::target(seed, cooperative));
            evening.push(supply::stocks(seed, cooperative, cast::warehouse(seed), until_on));
            evening.push(supply::inspections(seed, commerce, &stores, until_on));
        }
        moments.push(moment(day, "21:00", evening));
    }
    if let Some(last) = moments.last_mut() {
        last.parts.extend(by_guard(homes, passages));
    }
    moments
}

fn moment(day: NaiveDate, at: &str, parts: Vec<Part>) -> Moment {
    let at = format!("{day}T{at}:00+08:00").parse().unwrap_or_default();
    Moment { at, parts: parts.into_iter().map(|(kind, bodies)| (None, kind, bodies)).collect() }
}

/// Each gate's passages in the order of time, as its guard's; first measurements before those that repeat them.
fn by_guard(homes: &[Home], passages: Vec<Passage>) -> Vec<(Option<String>, &'static str, Vec<Json>)> {
    let mut of_homes: Vec<[Vec<Json>; 2]> = homes.iter().map(|_| Default::default()).collect();
    for passage in passages {
        let Some([first, second]) = of_homes.get_mut(passage.home) else { continue };
        if passage.body.get("retest_of").is_some() { second.push(passage.body) } else { first.push(passage.body) }
    }
    let guard = |number: usize| Some(format!("demo.gate.{}", number + 1));
    let parts = of_homes.into_iter().enumerate();
    parts.flat_map(|(number, lists)| lists.map(|list| (guard(number), "screenings", list))).collect()
}
