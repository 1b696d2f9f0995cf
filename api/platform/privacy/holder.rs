//! This process as a holder of keys: it looks every two seconds which keys of personal data there are, reads those that
//! are new, seals with the one that is to seal, and says so in the database.
//!
//! A key is announced before anything is sealed with it, and whoever announces waits for all holders. A process says that
//! it is there before it reads which keys there are, so that either it reads the announcement or is waited for. One that
//! stood still meanwhile and goes on seals with the key it had for at most two seconds: that one is there as long as
//! anything bears it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use kit::database::{Database, DatabaseError};
use kit::ids::new_id;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::keys::{DataKeys, KeyError, data_key_name, required};
use super::known::KnownKeys;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};

/// How often a process looks.
pub const LOOKED: Duration = Duration::from_secs(2);
/// How often it says that it is there while no key follows another.
const TOLD: Duration = Duration::from_secs(60);

/// The process, and what it said last.
#[derive(Clone, Default)]
pub struct Holder(Arc<Own>);

struct Own {
    id: Uuid,
    told: Mutex<Option<(Instant, Vec<u32>, u32)>>,
    lacking: Mutex<Option<String>>,
}

impl Default for Own {
    fn default() -> Self {
        Self { id: new_id(), told: Mutex::default(), lacking: Mutex::default() }
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
        database.read(&self.told(&[], 0)).await?;
        let gone = "DELETE FROM key_holders WHERE seen_at < now() - interval '1 day'";
        database.read(&Statement::new(gone)).await.map(drop)
    }

    /// The statement that says it.
    fn told(&self, reads: &[u32], seals_with: u32) -> Statement {
        Statement::new(
            "INSERT INTO key_holders AS h (id, host, process_no, data_keys, seals_with, seen_at) SELECT u.id, u.host, u.process_no, u.data_keys, u.seals_with, now() FROM (SELECT ",
        )
        .id(self.0.id)
        .sql("::uuid AS id, ")
        .text(host())
        .sql("::text AS host, ")
        .integer(std::process::id().into())
        .sql("::bigint AS process_no, ")
        .bind(ColumnType::Json, Value::Json(json!(reads)))
        .sql("::jsonb AS data_keys, ")
        .integer(seals_with.into())
        .sql("::bigint AS seals_with) AS u ON CONFLICT (id) DO UPDATE SET data_keys = excluded.data_keys, seals_with = excluded.seals_with, seen_at = excluded.seen_at")
    }

    /// Why a key that there is can't be read here; none where all can.
    pub fn lacking(&self) -> Option<String> {
        self.0.lacking.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_lacking(&self, lacking: Option<&KeyError>) {
        *self.0.lacking.lock().unwrap_or_else(PoisonError::into_inner) = lacking.map(ToString::to_string);
    }

    /// Whether what it said last is old, or other than what holds now.
    fn is_due(&self, reads: &[u32], seals_with: u32, every: Duration) -> bool {
        let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.as_ref().is_none_or(|(at, own, with)| at.elapsed() >= every || own != reads || *with != seals_with)
    }

    fn note_told(&self, reads: Vec<u32>, seals_with: u32) {
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), reads, seals_with));
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
    let known = KnownKeys::read(&core.database).await?;
    let holder = core.ext::<Holder>();
    let lacking = take_up(core, &known);
    if let Some(error) = &lacking {
        tracing::error!(%error, "a key that other processes have can't be read");
    }
    holder.note_lacking(lacking.as_ref());
    let (reads, seals_with) = (core.sealer.reads(), core.sealer.seals_with());
    let every = if known.is_rotating() { Duration::ZERO } else { TOLD };
    if holder.is_due(&reads, seals_with, every) {
        core.database.read(&holder.told(&reads, seals_with)).await?;
        holder.note_told(reads, seals_with);
    }
    Ok(())
}

/// Reads keys that are new and forgets those that are gone; why one can't be read.
fn take_up(core: &Core, known: &KnownKeys) -> Option<KeyError> {
    let (wanted, sealing) = (known.readable(), known.sealing());
    if wanted.is_empty() || (core.sealer.reads() == wanted && core.sealer.seals_with() == sealing) {
        return None;
    }
    let (directory, fingerprints) = (core.config.keys_dir(), known.fingerprints());
    let (mut all, mut lacking, mut why) = (BTreeMap::new(), Vec::new(), None);
    for number in wanted {
        let name = data_key_name(number);
        let fingerprint = fingerprints.get(&name).map(Vec::as_slice).unwrap_or_default();
        match required(&directory, &name, fingerprint) {
            Ok(key) => drop(all.insert(number, key)),
            Err(error) => {
                lacking.push(number);
                why = Some(error);
            }
        }
    }
    // Sealing stays with the former key where the new one can't be read here; where neither can, nothing changes.
    let sealing = if all.contains_key(&sealing) { sealing } else { core.sealer.seals_with() };
    if all.contains_key(&sealing) {
        core.sealer.take_up(&DataKeys { directory, sealing, all }, &lacking);
    }
    why
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
