//! Rotation of the key that seals personal data: `lianfang keys`.
//!
//! A new key is made beside the old one and **announced**; every process that runs reads it, and whoever starts requires it. Once
//! all of them do it is **current**: everything is sealed with it from now on, and the former key is **leaving**. Then every
//! envelope that bears another key is sealed again, page by page, under the same commitment; so no digest, number or figure
//! changes, and `lianfang verify` holds before, after and meanwhile. When nothing bears it the former key has **left**, and
//! may be **retired**: its file is removed.
//!
//! Each step is written before the next begins and does the same when it is done again: broken off at any moment, the command
//! goes on where it was. Two at once share the work. What is amended or purged meanwhile isn't touched: an envelope is
//! replaced only where it is still the one that was read.
//!
//! The other keys stay: ids of people are derived with `identity`, the ledger's chain is made of commitments, and blind
//! indexes are part of figures and unique keys.

mod holders;
mod objects;
mod places;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;
use serde_json::json;

use self::holders::Until;
pub use self::places::columns;
use self::places::{Place, places};
use super::owner::{OwnerConnection, Work};
use crate::platform::audit::{AuditEntry, system_write_all};
use crate::platform::core::Core;
use crate::platform::leases::districts;
use crate::platform::privacy::holder;
use crate::platform::privacy::keys::{DataKeys, KeyError, data_key_name, required};
use crate::platform::privacy::known::{KeyState, KnownKey, KnownKeys};

columns! {
    NAME "name": String;
}

/// A statement waits so long at most for whoever writes.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long processes are waited for that can't read a key.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// Pause between two looks at them.
const PAUSE: Duration = Duration::from_millis(500);
/// Time that requests under way are given to write what they sealed before.
const SETTLED: Duration = Duration::from_secs(2);
/// A key is retired so long after nothing bore it any more, at the earliest.
const KEPT_BEHIND: &str = "interval '1 hour'";

/// Why a rotation doesn't go on.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database, or what is in it.
    #[error("{0}")]
    Problem(Problem),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Processes that can't read the key.
    #[error(
        "these processes can't read {0}.key yet: {1}; copy it into their keys directories, then run it again: it goes on"
    )]
    Lacking(String, String),
    /// Processes that seal with another key.
    #[error("{0} process(es) seal with a former key still; run it again in some minutes")]
    SealedOtherwise(u64),
    /// Something bears a key that was to be retired.
    #[error("{1} envelopes bear {0} again; run `lianfang keys rotate data`: it goes on")]
    Borne(String, u64),
    /// Too soon.
    #[error("{0} was left less than an hour ago; run it again later")]
    TooSoon(String),
}

impl From<Problem> for RotationError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// How far a rotation is.
#[derive(Debug)]
pub enum Told<'a> {
    /// These processes are waited for.
    Waiting(&'a [String]),
    /// So many envelopes are done, of so many.
    Sealed(u64, u64),
}

/// Listener that is told how far a rotation is.
pub type Tell<'a> = &'a mut (dyn FnMut(Told<'_>) + Send);

/// Result of a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// The key that everything is sealed with now.
    pub key: String,
    /// Envelopes that were sealed again.
    pub sealed: u64,
    /// Envelopes that can't be opened and keep their key: `lianfang verify` names the first.
    pub left: u64,
}

/// Rotates the key of personal data, or goes on where that was broken off. By whoever owns the tables.
pub async fn rotate(core: &Core, owner_url: &str, tell: Tell<'_>) -> Result<Rotated, RotationError> {
    let mut connection = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, &mut connection, &mut nobody);
    if let Some(number) = announced(&mut work).await? {
        let name = data_key_name(number);
        wait(&mut work, number, Until::Reads, tell).await?;
        make_current(&mut work, &name).await?;
    }
    let number = known(&mut work).await?.sealing();
    wait(&mut work, number, Until::Seals, tell).await?;
    let mut progress = |done, total| tell(Told::Sealed(done, total));
    let mut work = Work::begin(core, &mut connection, &mut progress);
    let rotated = seal_all_again(&mut work, number).await?;
    // Whatever can't be opened bears the former key still: who retires that one counts anew.
    let left = "UPDATE key_fingerprints SET state = 'left', changed_at = now() WHERE state = 'leaving'";
    work.owner.run(Statement::new(left)).await?;
    note(core, "keys.rotate", &rotated.key, rotated.sealed).await?;
    Ok(rotated)
}

async fn known(work: &mut Work<'_>) -> Result<KnownKeys, Problem> {
    Ok(KnownKeys::of_rows(work.owner.run(KnownKeys::statement()).await?))
}

/// The key that is announced: a new one where none is, and none is being left. Its file is there before the database knows it.
async fn announced(work: &mut Work<'_>) -> Result<Option<u32>, RotationError> {
    let directory = work.core.config.keys_dir();
    let before = known(work).await?;
    if !before.is_rotating() {
        let number = before.next();
        let announce = Statement::new("INSERT INTO key_fingerprints (name, fingerprint, state, changed_at) VALUES (")
            .text(data_key_name(number))
            .sql(", ")
            .bytes(DataKeys::make(&directory, number)?)
            .sql(", 'announced', now()) ON CONFLICT DO NOTHING");
        work.owner.run(announce).await?;
    }
    let now = known(work).await?;
    let Some(number) = now.in_state(KeyState::Announced).first().copied() else { return Ok(None) };
    let name = data_key_name(number);
    required(&directory, &name, now.fingerprints().get(&name).map(Vec::as_slice).unwrap_or_default())?;
    Ok(Some(number))
}

/// Waits until all processes that are there read a key, or seal with it.
async fn wait(work: &mut Work<'_>, number: u32, until: Until, tell: Tell<'_>) -> Result<(), RotationError> {
    let (name, begun) = (data_key_name(number), Instant::now());
    loop {
        holder::look(work.core).await?;
        let waiting = holders::waited_for(work, number, &name, until).await?;
        if waiting.is_empty() {
            return Ok(holders::forget_gone(work, number, until).await?);
        }
        if begun.elapsed() > LONGEST_WAIT {
            return Err(RotationError::Lacking(name, waiting.join("; ")));
        }
        tell(Told::Waiting(&waiting));
        tokio::time::sleep(PAUSE).await;
    }
}

/// Lets the announced key seal and the former one leave. Whoever comes second finds it done.
async fn make_current(work: &mut Work<'_>, name: &str) -> Result<(), Problem> {
    let announced = Statement::new("SELECT name FROM key_fingerprints WHERE state = 'announced' AND name = ");
    let announced = announced.text(name).sql(" FOR UPDATE");
    let leave = "UPDATE key_fingerprints SET state = 'leaving', changed_at = now() WHERE name LIKE 'data-%' AND coalesce(state, 'current') = 'current'";
    let begin = "UPDATE key_fingerprints SET state = 'current', changed_at = now() WHERE name = ";
    let begin = Statement::new(begin).text(name);
    work.together(async |work| {
        if work.owner.run(announced).await?.is_empty() {
            return Ok(());
        }
        work.owner.run(Statement::new(leave)).await?;
        work.owner.run(begin).await.map(drop)
    })
    .await
}

/// Seals again whatever bears another key, until nothing does but what can't be opened.
async fn seal_all_again(work: &mut Work<'_>, number: u32) -> Result<Rotated, Problem> {
    let mut rotated = Rotated { key: data_key_name(number), ..Rotated::default() };
    let (places, mut districts) = (places(work.core), districts(work.core));
    let mut objects = 0;
    for district_code in &districts {
        objects += objects::count(work, district_code).await?;
    }
    // Envelopes that stand in no district.
    districts.push(String::new());
    loop {
        let others = count_others(work, &places, &districts, number).await?;
        if others == 0 {
            rotated.left = 0;
            break;
        }
        work.expect(others + objects);
        work.tell(0);
        let (sealed, left) = pass(work, &places, &districts, number).await?;
        rotated.sealed += sealed;
        rotated.left = left;
        if sealed == 0 {
            break;
        }
        tokio::time::sleep(SETTLED).await;
    }
    for district_code in districts.iter().filter(|code| !code.is_empty()) {
        let (sealed, left) = objects::seal_again(work, district_code, number).await?;
        rotated.sealed += sealed;
        rotated.left += left;
    }
    Ok(rotated)
}

async fn count_others(
    work: &mut Work<'_>,
    places: &[Place],
    districts: &[String],
    number: u32,
) -> Result<u64, Problem> {
    let mut others = 0;
    for place in places {
        for district_code in districts.iter().filter(|code| place.has(code)) {
            others += place.count_others(work, district_code, number).await?;
        }
    }
    Ok(others)
}

async fn pass(work: &mut Work<'_>, places: &[Place], districts: &[String], number: u32) -> Result<(u64, u64), Problem> {
    let (mut sealed, mut left) = (0, 0);
    for place in places {
        for district_code in districts.iter().filter(|code| place.has(code)) {
            let (of_place, left_there) = place.seal_again(work, district_code, number).await?;
            sealed += of_place;
            left += left_there;
        }
    }
    Ok((sealed, left))
}

/// How many envelopes bear each key of personal data, objects beside the database included.
pub async fn borne(core: &Core, owner_url: &str) -> Result<BTreeMap<u32, u64>, Problem> {
    let mut connection = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, &mut connection, &mut nobody);
    borne_by(&mut work).await
}

async fn borne_by(work: &mut Work<'_>) -> Result<BTreeMap<u32, u64>, Problem> {
    let mut borne = BTreeMap::new();
    let (places, mut districts) = (places(work.core), districts(work.core));
    districts.push(String::new());
    for place in &places {
        for district_code in districts.iter().filter(|code| place.has(code)) {
            for (number, count) in place.count(work, district_code).await? {
                *borne.entry(number).or_default() += count;
            }
        }
    }
    for district_code in districts.into_iter().filter(|code| !code.is_empty()) {
        objects::walk(work, &district_code, async |_, _, _, number| {
            *borne.entry(number).or_default() += 1;
            Ok(())
        })
        .await?;
    }
    Ok(borne)
}

/// The keys that the database knows.
pub async fn all(core: &Core) -> Result<Vec<KnownKey>, Problem> {
    Ok(KnownKeys::read(&core.database).await?.0)
}

/// Retires the keys that nothing bears any more: the database forgets that they must be there, then their files are removed.
/// Names of those whose files are gone from this directory now.
pub async fn retire(core: &Core, owner_url: &str) -> Result<Vec<String>, RotationError> {
    let mut connection = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, &mut connection, &mut nobody);
    let before = known(&mut work).await?;
    let left = before.in_state(KeyState::Left);
    if !left.is_empty() {
        require_unused(&mut work, &before, &left).await?;
        let retire = "UPDATE key_fingerprints SET state = 'retired', changed_at = now() WHERE state = 'left'";
        work.owner.run(Statement::new(retire)).await?;
    }
    let mut removed = Vec::new();
    for number in known(&mut work).await?.in_state(KeyState::Retired) {
        let name = data_key_name(number);
        // Gone already where it was retired before.
        if DataKeys::remove(&core.config.keys_dir(), number)? || left.contains(&number) {
            note(core, "keys.retire", &name, 0).await?;
            removed.push(name);
        }
    }
    Ok(removed)
}

/// Nothing bears these keys, nobody seals with them, and that for a while.
async fn require_unused(work: &mut Work<'_>, known: &KnownKeys, left: &[u32]) -> Result<(), RotationError> {
    let lately = format!(
        "SELECT name FROM key_fingerprints WHERE state = 'left' AND changed_at > now() - {KEPT_BEHIND} ORDER BY name LIMIT 1"
    );
    if let Some(name) =
        work.owner.run(Statement::new(lately)).await?.into_iter().next().and_then(|mut row| row.get(&NAME))
    {
        return Err(RotationError::TooSoon(name));
    }
    let otherwise = holders::sealing_otherwise(work, known.sealing()).await?;
    if otherwise > 0 {
        return Err(RotationError::SealedOtherwise(otherwise));
    }
    let borne = borne_by(work).await?;
    for number in left {
        if let Some(count) = borne.get(number) {
            let name = data_key_name(*number);
            let back = "UPDATE key_fingerprints SET state = 'leaving', changed_at = now() WHERE name = ";
            work.owner.run(Statement::new(back).text(&name)).await?;
            return Err(RotationError::Borne(name, *count));
        }
    }
    Ok(())
}

async fn note(core: &Core, verb: &'static str, key: &str, sealed: u64) -> Result<(), Problem> {
    let entry = AuditEntry {
        actor_id: None,
        area_code: None,
        verb,
        subject_kind: "keys",
        subject_id: None,
        request_id: None,
        address: None,
        details: json!({"key": key, "envelopes": sealed}),
    };
    system_write_all(core, vec![entry], async |_| Ok(())).await
}

impl Work<'_> {
    /// Does something in one transaction: all of it or nothing.
    async fn together<R>(&mut self, does: impl AsyncFnOnce(&mut Self) -> Result<R, Problem>) -> Result<R, Problem> {
        self.owner.execute("BEGIN").await?;
        let done = does(self).await;
        let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
        self.owner.execute(end).await?;
        done
    }
}
