//! Asking the register who somebody is. Whichever way it is asked (look-up, search, posting, a dry run, a file), there
//! is one limit, and one eye on who tries documents out: numbers that differ in few places from one another. A gate
//! that meets strangers all day meets no such numbers. What was asked is kept for an hour in this process, and with
//! several, whoever tries has as many times the tries.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::RETRY_AFTER;
use chrono::{DateTime, TimeDelta, Utc};
use kit::cache::{Cache, Kept};
use kit::catalogue::Code;
use kit::limiter::Allowance;
use kit::problem::Problem;
use ledger::AppendError;
use serde_json::json;
use uuid::Uuid;

use super::sought::Sought;
use super::wire::DOCUMENT_NUMBER;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::audit::{AuditEntry, system_write_all};
use crate::platform::config::Config;
use crate::platform::core::Core;
use crate::platform::core::Extension;
use crate::platform::http::Call;
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::create::{Created, Outcome};
use crate::records::{Kind, Record};
use crate::rooms::duties::{DUTIES, duty};
use crate::rooms::registers::duty_kinds::LOOKUP_CHECK;

/// A gate sees so many people; whoever tries out numbers asks more often.
const QUESTIONS: Allowance = Allowance { times: 60, period: TimeDelta::minutes(1) };
/// A file that is only tried asks this often.
const OF_A_FILE: u32 = 20;
/// How long a number is remembered, and how long whoever tried numbers out is paused.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);
/// Accounts remembered at most.
const MOST_ACCOUNTS: u64 = 10_000;
/// Numbers of an account remembered at most that nobody had: as many as the limit lets through.
const MOST_MISSED: usize = 3_600;
/// The same of those that were posted: of a large file, the last ones.
const MOST_MADE: usize = 600;
/// Near numbers looked at: fewer are enough to tell.
const MOST_NEAR: usize = 64;
/// So many numbers that agree but in so many places are no chance: of a day's strangers, three don't agree in all
/// but three, nor four in all but four.
const NO_CHANCE: [(u32, usize); 2] = [(3, 3), (4, 4)];
/// Time within which the command looks into an account that tried numbers out.
const CHECKED_WITHIN: TimeDelta = TimeDelta::hours(4);

/// Numbers that accounts asked for and posted lately.
pub struct Comparisons(Cache<Uuid, Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    /// Numbers that nobody has, asked for.
    missed: VecDeque<(DateTime<Utc>, String)>,
    /// Numbers that nobody had, posted.
    made: VecDeque<(DateTime<Utc>, String)>,
    paused_until: Option<DateTime<Utc>>,
}

/// The verb under which trying documents out is noted.
const NEAR_MISSES: &str = "people.near_misses";

impl Extension for Comparisons {
    fn begin(_: &Config) -> Self {
        let idle = Duration::from_secs(REMEMBERED.num_seconds().unsigned_abs());
        Self(Cache::new(MOST_ACCOUNTS, Kept::WhileUsed(idle)))
    }
}

impl Comparisons {
    fn with<R>(&self, user_id: Uuid, now: DateTime<Utc>, look: impl FnOnce(&mut Asked) -> R) -> R {
        let asked = self.0.get_with(user_id, Mutex::default);
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.forget(now);
        look(&mut asked)
    }
}

impl Asked {
    fn forget(&mut self, now: DateTime<Utc>) {
        for (list, most) in [(&mut self.missed, MOST_MISSED), (&mut self.made, MOST_MADE)] {
            while list.front().is_some_and(|(at, _)| now - *at >= REMEMBERED) || list.len() > most {
                list.pop_front();
            }
        }
        self.paused_until = self.paused_until.filter(|until| *until > now);
    }

    /// Pauses where a number is one of several that were tried out; says so once.
    fn judge(&mut self, number: &str, with_made: bool, now: DateTime<Utc>) -> bool {
        let made = self.made.iter().filter(|_| with_made);
        let tried = is_tried_out(number, self.missed.iter().chain(made).map(|(_, other)| other.as_str()));
        let known = self.paused_until.is_some();
        if tried && !known {
            self.paused_until = Some(now + REMEMBERED);
        }
        tried && !known
    }
}

/// Takes so many questions of the caller's; 429 where there are none left, or while he is paused.
pub fn ask(call: &Call, questions: usize) -> Result<(), Problem> {
    let (core, actor, now) = (&call.core, call.actor()?, call.core.clock.now());
    let questions = u32::try_from(questions).unwrap_or(u32::MAX);
    core.limiter.take_many(&format!("lookup|{}", actor.user_id), questions, QUESTIONS, now)?;
    let paused_until = core.ext::<Comparisons>().with(actor.user_id, now, |asked| asked.paused_until);
    paused_until.map_or(Ok(()), |until| Err(paused(until - now)))
}

/// The same for a file that is only tried. The command can read whom it could find out by it.
pub fn ask_with_file(call: &Call) -> Result<(), Problem> {
    if call.actor()?.holds(&[Role::DistrictAdmin]) {
        return Ok(());
    }
    ask(call, OF_A_FILE as usize)
}

/// Looks at what is asked for before it is looked up: the third of documents that differ in few places pauses the
/// caller for an hour, and the command is told.
pub async fn watch(call: &Call, sought: Option<&Sought>) -> Result<(), Problem> {
    let Some(Sought::Document(number)) = sought else { return Ok(()) };
    let (core, actor, now) = (&call.core, call.actor()?, call.core.clock.now());
    if !core.ext::<Comparisons>().with(actor.user_id, now, |asked| asked.judge(number, false, now)) {
        return Ok(());
    }
    let noted = audit_entry(actor, NEAR_MISSES, None, Some(call));
    tell(core, actor, noted, now).await?;
    Err(paused(REMEMBERED))
}

/// Notes what nobody had.
pub fn missed(call: &Call, sought: Option<&Sought>, found: &[Record]) -> Result<(), Problem> {
    if let (Some(Sought::Document(number)), true) = (sought, found.is_empty()) {
        let now = call.core.clock.now();
        let number = number.clone();
        let user_id = call.actor()?.user_id;
        call.core.ext::<Comparisons>().with(user_id, now, |asked| asked.missed.push_back((now, number)));
    }
    Ok(())
}

/// Looks at what was posted: meeting somebody out of the sender's reach stands in that person's log; to have posted or
/// asked for numbers close to his before is trying them out.
/// The answer tells nothing of what is stored, not even whether something came of the look.
pub async fn met(core: &Core, actor: &Actor, kind: &Kind, outcomes: &mut [Outcome]) -> Result<(), Problem> {
    if !kind.is_people() {
        return Ok(());
    }
    let now = core.clock.now();
    let (mut audit_entries, mut tried) = (Vec::new(), false);
    for created in outcomes.iter_mut().flatten() {
        let number = created.record().values.get(&DOCUMENT_NUMBER).map(str::to_owned);
        match created {
            Created::New(_) => {
                let made = number.map(|number| (now, number));
                core.ext::<Comparisons>().with(actor.user_id, now, |asked| asked.made.extend(made));
            }
            Created::Known(record, _) if !reads(actor, kind, record) => {
                audit_entries.push(audit_entry(actor, "people.meet", Some(record), None));
                let judge = |number: &String| {
                    core.ext::<Comparisons>().with(actor.user_id, now, |asked| asked.judge(number, true, now))
                };
                tried |= number.as_ref().is_some_and(judge);
                record.envelope.revision = 1;
                record.envelope.change_no = core.ledger.heads().known(&record.envelope.district_code);
            }
            Created::Known(..) | Created::Same(_) => {}
        }
    }
    if !audit_entries.is_empty() {
        system_write_all(core, audit_entries, async |_| Ok(())).await?;
    }
    if tried { tell(core, actor, audit_entry(actor, NEAR_MISSES, None, None), now).await } else { Ok(()) }
}

/// Whether somebody reads a person.
pub fn reads(actor: &Actor, kind: &Kind, person: &Record) -> bool {
    actor.reaches(kind.readers, &person.envelope.area_code, person.envelope.org_id)
}

fn audit_entry(actor: &Actor, verb: &'static str, person: Option<&Record>, call: Option<&Call>) -> AuditEntry {
    AuditEntry {
        actor_id: Some(actor.user_id),
        area_code: person.map(|person| person.envelope.area_code.clone()).or_else(|| actor.own_area()),
        verb,
        subject_kind: if person.is_some() { "people" } else { "users" },
        subject_id: Some(person.map_or(actor.user_id, |person| person.envelope.id)),
        request_id: call.map(Call::request_id),
        address: call.and_then(Call::address),
        details: json!({}),
    }
}

fn paused(wait: TimeDelta) -> Problem {
    Problem::new(Code::TOO_MANY_REQUESTS).with_header(RETRY_AFTER, (wait.num_seconds().max(0) + 1).to_string())
}

/// Tells the command: a line of the audit, and a duty of the district.
async fn tell(core: &Core, actor: &Actor, noted: AuditEntry, now: DateTime<Utc>) -> Result<(), Problem> {
    system_write_all(core, vec![noted], async |_| Ok(())).await?;
    core.refresh_settings().await?;
    let Some(district_code) = actor.districts.first() else { return Ok(()) };
    let write_context = core.write_context(now, district_code);
    let parts = ["duty", LOOKUP_CHECK.code(), &actor.user_id.to_string(), &now.timestamp().to_string()];
    let new = duty::New {
        id: derived_id(&write_context.keys.identity, &parts),
        duty_kind: LOOKUP_CHECK,
        subject: ("users", actor.user_id),
        cause_id: None,
        assignee_id: None,
        opens_at: now,
        due_at: now + CHECKED_WITHIN,
        area_code: district_code,
        org_id: None,
        made_by: Uuid::nil(),
    };
    let mut changes = Changes::default();
    changes.next_number();
    changes.put(&DUTIES, None, duty::record(new, &write_context));
    match core.ledger.append(changes.into_append(&write_context)?).await {
        Ok(_) | Err(AppendError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a number and earlier ones agree in all but few places, which are the same for all.
fn is_tried_out<'a>(number: &str, earlier: impl Iterator<Item = &'a str>) -> bool {
    let widest = NO_CHANCE.iter().map(|(places, _)| *places).max().unwrap_or_default();
    // The same number again is no other.
    let others: BTreeSet<&str> = earlier.collect();
    let near: Vec<u64> = others
        .into_iter()
        .filter_map(|other| places(number, other))
        .filter(|places| (1..=widest).contains(&places.count_ones()))
        .take(MOST_NEAR)
        .collect();
    let tried = |all: u64| {
        let within = 1 + near.iter().filter(|places| **places | all == all).count();
        NO_CHANCE.iter().any(|(most, numbers)| all.count_ones() <= *most && within >= *numbers)
    };
    near.iter().any(|one| near.iter().any(|other| tried(one | other)))
}

/// The places in which two numbers of one length differ, as bits.
fn places(one: &str, other: &str) -> Option<u64> {
    let same_length = one.chars().count() == other.chars().count() && one.chars().count() <= 40;
    let differing = one.chars().zip(other.chars()).enumerate().filter(|(_, (one, other))| one != other);
    same_length.then(|| differing.fold(0, |bits, (place, _)| bits | (1 << place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_that_agree_in_all_but_three_places_are_tried_out() {
        let tried = |number: &str, earlier: &[&str]| is_tried_out(number, earlier.iter().copied());
        let earlier = ["519999199003070021", "519999199003080021"];
        assert!(tried("519999199003090021", &earlier));
        assert!(!tried("519999199003090021", &earlier[..1]));
        assert!(!tried("519999199003080021", &earlier[..1]), "two are none");
        assert!(!tried("519999199003070021", &["519999199003070021", "519999199003070021"]), "the same again");
        assert!(tried("510102196207120021", &["510102196212070021", "510102196211080021", "510102196208190021"]));
        assert!(!tried("510102196207120021", &["519999199003070021", "511802197412010034"]));
        assert!(!tried("E12345678", &["519999199003070021", "E1234567"]));
    }

    #[test]
    fn a_days_strangers_are_not() {
        use rand::{RngExt, SeedableRng};
        let mut generator = rand::rngs::StdRng::seed_from_u64(511_802);
        let mut strangers: Vec<String> = Vec::new();
        let mut stopped = 0;
        for _ in 0..1_200 {
            let (year, month, day) =
                (generator.random_range(1940..2015), generator.random_range(1..13), generator.random_range(1..29));
            let (sequence, check) = (generator.random_range(0..1_000), generator.random_range(0..10));
            let number = format!("511802{year:04}{month:02}{day:02}{sequence:03}{check}");
            stopped += usize::from(is_tried_out(&number, strangers.iter().map(String::as_str)));
            strangers.push(number);
        }
        assert!(stopped <= 1, "{stopped} of 1200");
    }
}
