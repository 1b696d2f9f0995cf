//! The order in which the district's days are lived through.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value as Json;
use uuid::Uuid;

use super::bureau::{Part, Units};
use super::cast::{self, COMMERCE, COOPERATIVE, EDUCATION, Home, JUSTICE, LEAGUE, PARTNER, SCHOOL, organization_id};
use super::households::Register;
use super::passages::{Passage, passages};
use super::people::Resident;
use super::rounds::Rounds;
use super::{CHUNK, Demo, bureau, care, cooperative, justice, relief_goods, reporting, supervision, supply, venues};

/// Moment at which something is written.
pub struct Moment {
    /// Time on the clock then.
    pub at: DateTime<Utc>,
    /// Steps taken then, one after the other.
    pub steps: Vec<Step>,
}

/// Work of an account.
pub struct Step {
    /// Name of the account; the command where nobody is named.
    pub by: Option<String>,
    /// Its work.
    pub work: Work,
}

/// Deeds of an account.
pub enum Work {
    /// Posts records of a kind.
    Records(&'static str, Vec<Json>),
    /// Amends records of a kind by their ids.
    Amendments(&'static str, Vec<(Uuid, Json)>),
    /// Starts a survey round.
    Start(Uuid),
    /// Closes a survey round.
    Close(Uuid),
}

impl Work {
    /// Records and acts in it.
    pub fn len(&self) -> usize {
        match self {
            Self::Records(_, bodies) => bodies.len(),
            Self::Amendments(_, patches) => patches.len(),
            Self::Start(_) | Self::Close(_) => 1,
        }
    }

    /// The same in pieces that are handed to the ledger at once.
    pub fn pieces(self) -> Vec<Self> {
        match self {
            Self::Records(kind, bodies) => {
                bodies.chunks(CHUNK).map(|bodies| Self::Records(kind, bodies.to_vec())).collect()
            }
            other => vec![other],
        }
    }
}

impl Step {
    /// Records that an account posts.
    pub fn records(by: impl Into<String>, kind: &'static str, bodies: Vec<Json>) -> Self {
        Self { by: Some(by.into()), work: Work::Records(kind, bodies) }
    }

    /// Other work of an account.
    pub fn of(by: impl Into<String>, work: Work) -> Self {
        Self { by: Some(by.into()), work }
    }
}

impl From<Part> for Step {
    fn from((kind, bodies): Part) -> Self {
        Self { by: None, work: Work::Records(kind, bodies) }
    }
}

/// Ids of the accounts by their names.
pub type Accounts = BTreeMap<String, Uuid>;

/// Every moment, in order.
pub fn timeline(demo: &Demo, residents: &[Resident], homes: &[Home], accounts: &Accounts) -> Vec<Moment> {
    let (seed, until_on) = (demo.seed, demo.until_on);
    let [bureau, school, commerce, cooperative, partner] =
        [EDUCATION, SCHOOL, COMMERCE, COOPERATIVE, PARTNER].map(|unit| organization_id(seed, unit));
    let education = Units { bureau, school };
    let [justice, league] = [JUSTICE, LEAGUE].map(|unit| organization_id(seed, unit));
    let of_justice = justice::Units { justice, league };
    let mut passages = passages(seed, residents, homes, until_on);
    bureau::claim(education, &mut passages);
    cooperative::claim(cooperative, &mut passages);
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
    first.push(venues::points(seed, education, homes, first_on));
    first.extend(reporting::first(seed, residents, accounts, first_on));
    let register = Register::of(seed, education, homes, residents, accounts);
    let rounds = Rounds { register: &register, first_on, second_on: back(1) };
    let mut moments = vec![moment(first_on, "06:40", first)];
    moments.push(Moment { steps: register.first(), ..moment(first_on, "07:20", Vec::new()) });
    moments.push(Moment { steps: justice::first(seed, of_justice), ..moment(first_on, "07:30", Vec::new()) });
    for days in (0..care::DAYS).rev() {
        let day = back(days);
        if days == 0 {
            moments.push(moment(day, "06:50", bureau::morning(seed, education, homes, residents, until_on)));
        }
        moments.push(Moment { steps: rounds.morning(day), ..moment(day, "07:50", Vec::new()) });
        moments.push(moment(day, "12:10", vec![care::readings(seed, &observed, day, "am")]));
        let mut evening = vec![care::readings(seed, &observed, day, "pm")];
        if days == 0 {
            evening.extend(bureau::evening(seed, education, until_on));
            evening.extend(cooperative::at_the_doors(seed, (cooperative, partner), homes, residents, until_on));
            evening.push(supply::reports(seed, &stores, until_on));
            evening.push(supply::target(seed, cooperative));
            evening.push(supply::stocks(seed, cooperative, cast::warehouse(seed), until_on));
            evening.extend(relief_goods::parts(seed, homes, until_on));
            evening.push(supply::inspections(seed, commerce, &stores, until_on));
        }
        if day > first_on {
            evening.push(venues::collections(seed, education, homes, day, days == 0));
        }
        let mut evening = moment(day, "21:00", evening);
        evening.steps.extend(rounds.evening(day));
        if days == 0 {
            evening.steps.extend(venues::evening(seed, education, commerce, homes, until_on));
            evening.steps.extend(supervision::evening(seed, education, commerce, &stores, until_on));
            evening.steps.extend(justice::evening(seed, of_justice, until_on));
        }
        evening.steps.extend(reporting::evening(seed, day, usize::try_from(days).unwrap_or_default()));
        moments.push(evening);
    }
    if let Some(last) = moments.last_mut() {
        last.steps.extend(by_guard(homes, passages));
    }
    moments
}

fn moment(day: NaiveDate, at: &str, parts: Vec<Part>) -> Moment {
    let at = format!("{day}T{at}:00+08:00").parse().unwrap_or_default();
    Moment { at, steps: parts.into_iter().map(Step::from).collect() }
}

/// Each gate's passages in the order of time, as its guard's; first measurements before those that repeat them.
fn by_guard(homes: &[Home], passages: Vec<Passage>) -> Vec<Step> {
    let mut of_homes: Vec<[Vec<Json>; 2]> = homes.iter().map(|_| Default::default()).collect();
    for passage in passages {
        let Some([first, second]) = of_homes.get_mut(passage.home) else { continue };
        if passage.body.get("retest_of").is_some() { second.push(passage.body) } else { first.push(passage.body) }
    }
    let guard = |number: usize| format!("demo.gate.{}", number + 1);
    let parts = of_homes.into_iter().enumerate();
    parts.flat_map(|(number, lists)| lists.map(|list| Step::records(guard(number), "screenings", list))).collect()
}
