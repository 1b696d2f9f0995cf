//! This process as a holder of keys: it looks every two seconds which keys of personal data and of blind indexes there are,
//! reads those that are new, writes with the one that is to write, and says so in the database.
//!
//! A key is announced before anything is written with it, and whoever announces waits for all holders. A process says that
//! it is there before it reads which keys there are, so that either it reads the announcement or is waited for. One that
//! stood still meanwhile and goes on writes with the key it had for at most two seconds: that one is there as long as
//! anything bears it. An envelope names its key, which is then found; what is looked up by a blind index under a key that nobody
//! knows of isn't. So whoever looks something up with keys that were looked at too long ago looks first ([`finding`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use kit::catalogue::Code;
use kit::database::{Database, DatabaseError};
use kit::ids::new_id;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::blind::Finding;
use super::keys::{KeyError, required};
use super::known::{KeyState, KnownKeys};
use super::numbered::{NumberedKeys, Numbers, Purpose};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};

/// How often a process looks.
pub const LOOKED: Duration = Duration::from_secs(2);
/// How often it says that it is there while no key follows another.
const TOLD: Duration = Duration::from_secs(60);
/// For so long keys are looked up with after they were looked at: less than a process is waited for that says nothing.
const FRESH: Duration = Duration::from_secs(10);

/// Seconds after which what can't be looked up is asked again.
const RETRY_S: u32 = 5;

/// The process, and what it said last.
#[derive(Clone, Default)]
pub struct Holder(Arc<Own>);

struct Own {
    id: Uuid,
    told: Mutex<Option<(Instant, [Numbers; 2])>>,
    lacking: Mutex<Option<String>>,
    /// When the keys of blind indexes were looked at last and all were there that anything may be written with.
    looked: Mutex<Option<Instant>>,
}

impl Default for Own {
    fn default() -> Self {
        Self { id: new_id(), told: Mutex::default(), lacking: Mutex::default(), looked: Mutex::default() }
    }
}

impl Extension for Holder {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Holder {
    /// Says that the process is there, before it reads which keys there are. Others that were not seen for a day are forgotten.
    pub async fn arrive(&self, database: &Database) -> Result<(), DatabaseError> {
        let nothing = || Numbers { all: Vec::new(), current: 0 };
        database.read(&self.told(&[nothing(), nothing()])).await?;
        let gone = "DELETE FROM key_holders WHERE seen_at < now() - interval '1 day'";
        database.read(&Statement::new(gone)).await.map(drop)
    }

    /// The statement that says it.
    fn told(&self, [data, indexes]: &[Numbers; 2]) -> Statement {
        Statement::new(
            "INSERT INTO key_holders AS h (id, host, process_no, data_keys, seals_with, index_keys, indexes_with, seen_at) SELECT u.id, u.host, u.process_no, u.data_keys, u.seals_with, u.index_keys, u.indexes_with, now() FROM (SELECT ",
        )
        .id(self.0.id)
        .sql("::uuid AS id, ")
        .text(host())
        .sql("::text AS host, ")
        .integer(std::process::id().into())
        .sql("::bigint AS process_no, ")
        .bind(ColumnType::Json, Value::Json(json!(data.all)))
        .sql("::jsonb AS data_keys, ")
        .integer(data.current.into())
        .sql("::bigint AS seals_with, ")
        .bind(ColumnType::Json, Value::Json(json!(indexes.all)))
        .sql("::jsonb AS index_keys, ")
        .integer(indexes.current.into())
        .sql("::bigint AS indexes_with) AS u ON CONFLICT (id) DO UPDATE SET data_keys = excluded.data_keys, seals_with = excluded.seals_with, index_keys = excluded.index_keys, indexes_with = excluded.indexes_with, seen_at = excluded.seen_at")
    }

    /// Why a key that there is can't be read here; none where all can.
    pub fn lacking(&self) -> Option<String> {
        self.0.lacking.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_lacking(&self, lacking: Option<&KeyError>) {
        *self.0.lacking.lock().unwrap_or_else(PoisonError::into_inner) = lacking.map(ToString::to_string);
    }

    /// Whether what it said last is old, or other than what holds now.
    fn is_due(&self, holds: &[Numbers; 2], every: Duration) -> bool {
        let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.as_ref().is_none_or(|(at, said)| at.elapsed() >= every || said != holds)
    }

    fn note_told(&self, holds: [Numbers; 2]) {
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), holds));
    }

    fn note_looked(&self, at: Instant) {
        *self.0.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    fn is_fresh(&self) -> bool {
        let looked = self.0.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.is_some_and(|at| at.elapsed() < FRESH)
    }
}

/// The machine's name, for whoever has to bring it a key.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().chars().take(253).collect()
}

/// Looks which keys there are, takes them up and says so.
///
/// # Errors
/// The database can't be asked. That a file lacks is in [`Holder::lacking`].
pub async fn look(core: &Core) -> Result<(), Problem> {
    let begun = Instant::now();
    let known = KnownKeys::read(&core.database).await?;
    let holder = core.ext::<Holder>();
    let mut lacking = Purpose::ALL.map(|purpose| take_up(core, &known, purpose));
    for error in lacking.iter().flatten() {
        tracing::error!(%error, "a key that other processes have can't be read");
    }
    let reads = core.keys.blind_indexes.reads();
    let announced = known.in_state(Purpose::BlindIndex, KeyState::Announced);
    if known.numbers(Purpose::BlindIndex).all.iter().all(|number| reads.contains(number) || announced.contains(number))
    {
        holder.note_looked(begun);
    }
    holder.note_lacking(lacking.iter_mut().find_map(Option::take).as_ref());
    let holds = Purpose::ALL.map(|purpose| held(core, purpose));
    let is_rotating = Purpose::ALL.into_iter().any(|purpose| known.is_rotating(purpose));
    if holder.is_due(&holds, if is_rotating { Duration::ZERO } else { TOLD }) {
        core.database.read(&holder.told(&holds)).await?;
        holder.note_told(holds);
    }
    Ok(())
}

/// Numbers of the keys that this process uses.
fn held(core: &Core, purpose: Purpose) -> Numbers {
    let (sealer, indexes) = (&core.sealer, &core.keys.blind_indexes);
    match purpose {
        Purpose::Data => Numbers { all: sealer.reads(), current: sealer.seals_with() },
        Purpose::BlindIndex => Numbers { all: indexes.reads(), current: indexes.writes_with() },
    }
}

/// Reads keys that are new and forgets those that are gone; why one can't be read.
fn take_up(core: &Core, known: &KnownKeys, purpose: Purpose) -> Option<KeyError> {
    let (wanted, holds) = (known.numbers(purpose), held(core, purpose));
    if known.in_state(purpose, KeyState::Current).is_empty() || wanted == holds {
        return None;
    }
    let (directory, fingerprints) = (core.config.keys_dir(), known.fingerprints());
    let (mut all, mut lacking, mut why) = (BTreeMap::new(), Vec::new(), None);
    for number in wanted.all {
        let name = purpose.name(number);
        let fingerprint = fingerprints.get(&name).map(Vec::as_slice).unwrap_or_default();
        match required(&directory, &name, fingerprint) {
            Ok(key) => drop(all.insert(number, key)),
            Err(error) => {
                lacking.push(number);
                why = Some(error);
            }
        }
    }
    // Writing stays with the former key where the new one can't be read here; where neither can, nothing changes.
    let current = if all.contains_key(&wanted.current) { wanted.current } else { holds.current };
    if all.contains_key(&current) {
        let keys = NumberedKeys { directory, current, all };
        match purpose {
            Purpose::Data => core.sealer.take_up(&keys, &lacking),
            Purpose::BlindIndex => core.keys.blind_indexes.take_up(&keys, &lacking),
        }
    }
    why
}

/// Keys of blind indexes with which something is looked up: all that anything may be written with.
///
/// # Errors
/// 503 where this process can't know them all: the database can't be asked, or a key that others write with can't be read.
pub async fn finding(core: &Core) -> Result<Finding, Problem> {
    let holder = core.ext::<Holder>();
    if !holder.is_fresh() {
        look(core).await?;
    }
    match holder.is_fresh() {
        true => Ok(Finding(core.keys.blind_indexes.reading())),
        false => Err(Problem::unavailable(Code::UNAVAILABLE, RETRY_S, "a key of blind indexes can't be read")),
    }
}

/// Looks again and again until the core is gone.
pub async fn follow(core: Weak<Core>) {
    while let Some(core) = core.upgrade() {
        if let Err(problem) = look(&core).await {
            tracing::debug!(%problem, "which keys there are could not be asked");
        }
        drop(core);
        tokio::time::sleep(LOOKED).await;
    }
}

/// Says that the process is about to end: nobody waits for it.
pub async fn leave(core: &Core) -> Result<(), Problem> {
    let gone = Statement::new("DELETE FROM key_holders WHERE id = ").id(core.ext::<Holder>().0.id);
    Ok(core.database.read(&gone).await.map(drop)?)
}
