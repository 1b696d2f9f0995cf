//! Rotation of the keys of personal data and of its blind indexes: `lianfang keys`.
//!
//! A new key is made beside the old one and **announced**; every process that runs reads it, and whoever starts requires it. Once
//! all of them do it is **current**: everything is written with it from now on, and the former key is **leaving**. Then
//! whatever bears another key is written again, page by page: envelopes are sealed again under the same commitment
//! ([`envelopes`]), blind indexes made anew from what the envelopes hold ([`indexes`]). Neither is part of a digest; so no digest,
//! number or figure changes, and `lianfang verify` holds before, after and meanwhile. When nothing bears it the former key
//! has **left**, and may be **retired**: its file is removed.
//!
//! Each step is written before the next begins and does the same when it is done again: broken off at any moment, the command
//! goes on where it was. Two at once share the work. What is amended or purged meanwhile isn't touched: what a page writes
//! takes its place only where the record is still the one that was read.
//!
//! Whatever is looked up by a blind index is looked up under all keys that there are, so that rows are found under whichever
//! they stand at the moment; nothing is unique by one. The other keys stay: ids of people are derived with `identity`, the
//! ledger's chain is made of commitments.

mod envelopes;
mod holders;
mod indexes;
mod objects;
mod places;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;
use serde_json::{Value as Json, json};

use self::holders::Until;
pub use self::places::columns;
use super::owner::{OwnerConnection, Work};
use crate::platform::audit::{AuditEntry, system_write_all};
use crate::platform::core::Core;
use crate::platform::privacy::holder;
use crate::platform::privacy::keys::{self, KeyError};
use crate::platform::privacy::known::{KeyState, KnownKey, KnownKeys};
use crate::platform::privacy::numbered::{FIRST_KEY, Purpose};

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
    /// Processes of a release that knows one key of blind indexes only.
    #[error(
        "these processes are of a former release, and would find nothing under another key: {0}; replace or stop them, then run it again"
    )]
    Former(String),
    /// Processes that can't read the key.
    #[error(
        "these processes can't read {0}.key yet: {1}; copy it into their keys directories, then run it again: it goes on"
    )]
    Lacking(String, String),
    /// Processes that write with another key.
    #[error("{0} process(es) write with a former key still; run it again in some minutes")]
    WrittenOtherwise(u64),
    /// Something bears a key that was to be retired.
    #[error("{1} values bear {0} again; run `lianfang keys rotate {purpose}`: it goes on", purpose = .2.code())]
    Borne(String, u64, Purpose),
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
    /// So many envelopes or rows are done, of so many.
    Written(u64, u64),
}

/// Listener that is told how far a rotation is.
pub type Tell<'a> = &'a mut (dyn FnMut(Told<'_>) + Send);

/// Result of a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// The key that everything is written with now.
    pub key: String,
    /// Envelopes that were sealed again, or rows whose blind indexes were made anew.
    pub written: u64,
    /// Those that can't be opened, or aren't what they should be, and keep their key: `lianfang verify` names the first.
    pub left: u64,
}

/// Rotates the key of a purpose, or goes on where that was broken off. By whoever owns the tables.
pub async fn rotate(core: &Core, owner_url: &str, purpose: Purpose, tell: Tell<'_>) -> Result<Rotated, RotationError> {
    let mut connection = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, &mut connection, &mut nobody);
    if purpose == Purpose::BlindIndex {
        require_no_former_release(&mut work).await?;
    }
    if let Some(number) = announced(&mut work, purpose).await? {
        wait(&mut work, (purpose, number), Until::Reads, tell).await?;
        if purpose == Purpose::BlindIndex && known(&mut work).await?.numbers(purpose).current == FIRST_KEY {
            let mut progress = |done, total| tell(Told::Written(done, total));
            indexes::tell_apart(&mut Work::begin(core, work.owner, &mut progress)).await?;
        }
        make_current(&mut work, purpose, number).await?;
    }
    let number = known(&mut work).await?.numbers(purpose).current;
    wait(&mut work, (purpose, number), Until::Writes, tell).await?;
    let mut progress = |done, total| tell(Told::Written(done, total));
    let mut work = Work::begin(core, &mut connection, &mut progress);
    let (written, left) = match purpose {
        Purpose::Data => envelopes::seal_all_again(&mut work, number).await?,
        Purpose::BlindIndex => indexes::make_all_anew(&mut work).await?,
    };
    // Whatever can't be opened bears the former key still: who retires that one counts anew.
    let leave = "UPDATE key_fingerprints SET state = 'left', changed_at = now() WHERE state = 'leaving' AND name LIKE ";
    work.owner.run(Statement::new(leave).text(like(purpose))).await?;
    let key = purpose.name(number);
    note(core, "keys.rotate", json!({"key": key, "written": written})).await?;
    Ok(Rotated { key, written, left })
}

/// Names of the keys of a purpose, as a pattern.
fn like(purpose: Purpose) -> String {
    format!("{}-%", purpose.code())
}

async fn known(work: &mut Work<'_>) -> Result<KnownKeys, Problem> {
    Ok(KnownKeys::of_rows(work.owner.run(KnownKeys::statement()).await?))
}

/// A process of a former release looks up with the first key alone, and would find nothing from the moment that others write
/// otherwise: so there is none before a key is announced. One that starts later is told by what it must have in its folder.
async fn require_no_former_release(work: &mut Work<'_>) -> Result<(), RotationError> {
    let former = holders::of_former_release(work).await?;
    if former.is_empty() { Ok(()) } else { Err(RotationError::Former(former.join("; "))) }
}

/// The key that is announced: a new one where none is, and none is being left. Its file is there before the database knows it.
async fn announced(work: &mut Work<'_>, purpose: Purpose) -> Result<Option<u32>, RotationError> {
    let directory = work.core.config.keys_dir();
    let before = known(work).await?;
    if !before.is_rotating(purpose) {
        let name = purpose.name(before.next(purpose));
        let announce = Statement::new("INSERT INTO key_fingerprints (name, fingerprint, state, changed_at) VALUES (")
            .text(&name)
            .sql(", ")
            .bytes(keys::make(&directory, &name)?)
            .sql(", 'announced', now()) ON CONFLICT DO NOTHING");
        work.owner.run(announce).await?;
    }
    let now = known(work).await?;
    let Some(number) = now.in_state(purpose, KeyState::Announced).first().copied() else { return Ok(None) };
    let name = purpose.name(number);
    keys::required(&directory, &name, now.fingerprints().get(&name).map(Vec::as_slice).unwrap_or_default())?;
    Ok(Some(number))
}

/// Waits until all processes that are there read a key, or write with it.
async fn wait(work: &mut Work<'_>, key: (Purpose, u32), until: Until, tell: Tell<'_>) -> Result<(), RotationError> {
    let (name, begun) = (key.0.name(key.1), Instant::now());
    loop {
        holder::look(work.core).await?;
        let waiting = holders::waited_for(work, key, &name, until).await?;
        if waiting.is_empty() {
            return Ok(holders::forget_gone(work, key, until).await?);
        }
        if begun.elapsed() > LONGEST_WAIT {
            return Err(RotationError::Lacking(name, waiting.join("; ")));
        }
        tell(Told::Waiting(&waiting));
        tokio::time::sleep(PAUSE).await;
    }
}

/// Lets the announced key write and the former one leave. Whoever comes second finds it done.
async fn make_current(work: &mut Work<'_>, purpose: Purpose, number: u32) -> Result<(), Problem> {
    let name = &purpose.name(number);
    let announced = Statement::new("SELECT name FROM key_fingerprints WHERE state = 'announced' AND name = ");
    let announced = announced.text(name).sql(" FOR UPDATE");
    let leave = "UPDATE key_fingerprints SET state = 'leaving', changed_at = now() WHERE coalesce(state, 'current') = 'current' AND name LIKE ";
    let leave = Statement::new(leave).text(like(purpose));
    let begin = "UPDATE key_fingerprints SET state = 'current', changed_at = now() WHERE name = ";
    let begin = Statement::new(begin).text(name);
    work.together(async |work| {
        if work.owner.run(announced).await?.is_empty() {
            return Ok(());
        }
        work.owner.run(leave).await?;
        work.owner.run(begin).await.map(drop)
    })
    .await
}

/// How many values bear each key of a purpose: envelopes, objects beside the database included, or blind indexes.
pub async fn borne(core: &Core, owner_url: &str, purpose: Purpose) -> Result<BTreeMap<u32, u64>, Problem> {
    let mut connection = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, &mut connection, &mut nobody);
    borne_by(&mut work, purpose).await
}

async fn borne_by(work: &mut Work<'_>, purpose: Purpose) -> Result<BTreeMap<u32, u64>, Problem> {
    match purpose {
        Purpose::Data => envelopes::borne(work).await,
        Purpose::BlindIndex => indexes::borne(work).await,
    }
}

/// The keys that the database knows.
pub async fn all(core: &Core) -> Result<Vec<KnownKey>, Problem> {
    Ok(KnownKeys::read(&core.database).await?.0)
}

/// Retires the keys that nothing bears any more: the database forgets that they must be there, then their files are removed.
/// Names of those whose files are gone from this directory now. What keeps a key of one purpose keeps none of the other.
pub async fn retire(core: &Core, owner_url: &str) -> Result<Vec<String>, RotationError> {
    let mut connection = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, &mut connection, &mut nobody);
    let (mut removed, mut kept) = (Vec::new(), None);
    for purpose in Purpose::ALL {
        match retire_of(&mut work, purpose).await {
            Ok(of_purpose) => removed.extend(of_purpose),
            Err(error) => kept = kept.or(Some(error)),
        }
    }
    kept.map_or(Ok(removed), Err)
}

async fn retire_of(work: &mut Work<'_>, purpose: Purpose) -> Result<Vec<String>, RotationError> {
    let before = known(work).await?;
    let left = before.in_state(purpose, KeyState::Left);
    if !left.is_empty() {
        require_unused(work, &before, purpose, &left).await?;
        let retire =
            "UPDATE key_fingerprints SET state = 'retired', changed_at = now() WHERE state = 'left' AND name LIKE ";
        work.owner.run(Statement::new(retire).text(like(purpose))).await?;
    }
    let mut removed = Vec::new();
    for number in known(work).await?.in_state(purpose, KeyState::Retired) {
        let name = purpose.name(number);
        // Gone already where it was retired before.
        if keys::remove(&work.core.config.keys_dir(), &name)? || left.contains(&number) {
            note(work.core, "keys.retire", json!({"key": name})).await?;
            removed.push(name);
        }
    }
    Ok(removed)
}

/// Nothing bears these keys, nobody writes with them, and that for a while.
async fn require_unused(
    work: &mut Work<'_>,
    known: &KnownKeys,
    purpose: Purpose,
    left: &[u32],
) -> Result<(), RotationError> {
    let lately = format!(
        "SELECT name FROM key_fingerprints WHERE state = 'left' AND changed_at > now() - {KEPT_BEHIND} AND name LIKE "
    );
    let lately = Statement::new(lately).text(like(purpose)).sql(" ORDER BY name LIMIT 1");
    if let Some(name) = work.owner.run(lately).await?.into_iter().next().and_then(|mut row| row.get(&NAME)) {
        return Err(RotationError::TooSoon(name));
    }
    let otherwise = holders::writing_otherwise(work, (purpose, known.numbers(purpose).current)).await?;
    if otherwise > 0 {
        return Err(RotationError::WrittenOtherwise(otherwise));
    }
    let borne = borne_by(work, purpose).await?;
    for number in left {
        if let Some(count) = borne.get(number) {
            let name = purpose.name(*number);
            let back = "UPDATE key_fingerprints SET state = 'leaving', changed_at = now() WHERE name = ";
            work.owner.run(Statement::new(back).text(&name)).await?;
            return Err(RotationError::Borne(name, *count, purpose));
        }
    }
    Ok(())
}

async fn note(core: &Core, verb: &'static str, details: Json) -> Result<(), Problem> {
    let entry = AuditEntry {
        actor_id: None,
        area_code: None,
        verb,
        subject_kind: "keys",
        subject_id: None,
        request_id: None,
        address: None,
        details,
    };
    system_write_all(core, vec![entry], async |_| Ok(())).await
}

impl Work<'_> {
    /// Runs a statement while the district's clock is held, so that nobody amends meanwhile; how many rows it gives.
    async fn under_clock(&mut self, district_code: &str, statement: Statement) -> Result<u64, Problem> {
        let written = self
            .together(async |work| {
                work.hold_clock(district_code).await?;
                work.owner.run(statement).await
            })
            .await?;
        Ok(written.len() as u64)
    }
}
