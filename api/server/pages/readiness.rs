//! Whether the service is ready, judged for all who ask at once: anybody may ask, and each question costs the
//! database as much as a write does.
//!
//! It is ready while writes can succeed. Nothing is written to find out: a lock on the clocks is taken and let go in
//! a transaction of its own, which the database has to note on its disk as it notes a write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::header::RETRY_AFTER;
use futures_util::{StreamExt, TryStreamExt, stream};
use kit::catalogue::Code;
use kit::columns;
use kit::database::DatabaseError;
use kit::engine::Engine;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use ledger::WRITER;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::platform::codes::WORKER_DOWN;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::divisions::each::over_all;
use crate::platform::privacy::holder::Holder;

columns! {
    DISTRICT_CODE "district_code": String;
    LAST_NO "last_no": i64;
}

/// How long a judgement is believed.
const BELIEVED: Duration = Duration::from_millis(500);
/// The longest that anybody waits for a judgement; one that takes longer is a no.
const WITHIN: Duration = Duration::from_millis(800);
/// When to ask again, in seconds.
const RETRY_S: u32 = 5;
/// Bytes that must be free where the embedded database is: its write-ahead log grows by files of sixteen megabytes.
const ROOM: u64 = 32 * 1024 * 1024;

/// The last judgement, and when it was made.
#[derive(Default)]
pub struct Readiness {
    last: Mutex<Option<(Instant, Result<(), Problem>)>>,
    /// Appends that had been written when it was judged last.
    written: AtomicU64,
    /// The process is about to stop.
    draining: AtomicBool,
}

impl Extension for Readiness {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Readiness {
    /// From now on it isn't ready: whoever divides requests between several processes gives this one no more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the process is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether the service is ready. Who asks while another one's question is on its way has the same answer.
    pub async fn judged(&self, core: &Core) -> Result<(), Problem> {
        if self.is_draining() {
            return Err(Problem::unavailable(Code::UNAVAILABLE, RETRY_S, "this process is about to stop"));
        }
        let late = || Err(unready("no answer in time"));
        timeout(WITHIN, self.judged_in_time(core)).await.unwrap_or_else(|_| late())
    }

    async fn judged_in_time(&self, core: &Core) -> Result<(), Problem> {
        let mut last = self.last.lock().await;
        if let Some((at, judgement)) = &*last
            && at.elapsed() < BELIEVED
        {
            return judgement.as_ref().copied().map_err(Problem::again);
        }
        let judgement = self.judge(core).await;
        let answer = judgement.as_ref().copied().map_err(Problem::again);
        *last = Some((Instant::now(), judgement));
        answer
    }

    async fn judge(&self, core: &Core) -> Result<(), Problem> {
        if !core.ledger.has_writer() {
            return Err(is_down(Code::LEDGER_UNAVAILABLE, WRITER));
        }
        if let Some(worker) = core.supervision.down().first() {
            return Err(is_down(Code::UNAVAILABLE, worker));
        }
        if core.ext::<Holder>().lacking().is_some() {
            return Err(unready("a key that other processes write with can't be read"));
        }
        if core.config.database_url.is_none() && !has_room(core) {
            return Err(unready("the disk of the database is full"));
        }
        let clocks = clocks(core).await?;
        require_clocks(core, &clocks).await?;
        // Whatever was written since needs no proof that it can be; and clocks in use aren't held up.
        let written = core.ledger.figures().written.get();
        if self.written.swap(written, Ordering::Relaxed) != written {
            return Ok(());
        }
        try_clocks(core, &clocks).await
    }
}

fn unready(why: &str) -> Problem {
    Problem::unavailable(Code::LEDGER_UNAVAILABLE, RETRY_S, why)
}

/// A worker that begins again after a panic.
fn is_down(code: Code, worker: &str) -> Problem {
    let mut faults = Faults::default();
    faults.add_with("", WORKER_DOWN, vec![("worker", worker.to_owned())]);
    Problem::of_faults(code, faults.list().to_vec()).with_header(RETRY_AFTER, RETRY_S.to_string())
}

fn has_room(core: &Core) -> bool {
    let figures = nix::sys::statvfs::statvfs(&core.config.data_dir);
    // Directories that can't be asked count as having room.
    figures.map_or(true, |figures| figures.blocks_available().saturating_mul(figures.fragment_size()) >= ROOM)
}

/// Districts that have a clock, each with whether it is in use; of those that are there.
async fn clocks(core: &Core) -> Result<BTreeMap<String, bool>, Problem> {
    let asked = |only| Statement::new("SELECT district_code, last_no FROM district_clocks WHERE ").then(only);
    let rows = over_all(core, asked).await?;
    let clock = |mut row: Row| Some((row.get(&DISTRICT_CODE)?, row.get(&LAST_NO)? > 0));
    Ok(rows.into_iter().filter_map(clock).collect())
}

/// A district with entries has a clock.
async fn require_clocks(core: &Core, clocks: &BTreeMap<String, bool>) -> Result<(), Problem> {
    let without: Vec<&str> = core.divisions.districts().filter(|code| !clocks.contains_key(*code)).collect();
    for district_code in without {
        let entries = Statement::new("SELECT first_no FROM ledger_entries WHERE first_no = 1 AND district_code = ")
            .text(district_code)
            .seeing_district(district_code);
        match core.database.read(&entries).await {
            // Away by itself: the others are served.
            Err(DatabaseError::Unreachable(_)) if !clocks.is_empty() => {}
            rows => {
                if !rows?.is_empty() {
                    let why = "a district has entries and no clock";
                    return Err(Problem::unavailable(Code::LEDGER_UNAVAILABLE, 60, why));
                }
            }
        }
    }
    Ok(())
}

/// Districts whose clocks are tried at once.
const SIDE_BY_SIDE: usize = 4;

/// Takes the lock of every clock that is in use, as a write does: on one server of all that are free with one statement,
/// which waits for none while it holds others; then of each that is held at the moment, a few at once, and on several
/// servers of each. [`WITHIN`] is shorter than `lock_timeout`: a clock that stays held is a no; the statement ends soon
/// after.
async fn try_clocks(core: &Core, clocks: &BTreeMap<String, bool>) -> Result<(), Problem> {
    let mut used: BTreeSet<String> = clocks.iter().filter(|(_, used)| **used).map(|(code, _)| code.clone()).collect();
    if core.database.engine() == Engine::OneServer {
        let free = "SELECT district_code FROM district_clocks WHERE last_no > 0 FOR NO KEY UPDATE SKIP LOCKED";
        for mut row in core.database.read(&Statement::new(free).seeing_everything()).await? {
            row.get(&DISTRICT_CODE).map(|district_code| used.remove(&district_code));
        }
    }
    let held = stream::iter(used).map(|district_code| async move {
        let lock = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ")
            .text(&district_code)
            .sql(" FOR NO KEY UPDATE")
            .seeing_district(&district_code);
        core.database.read(&lock).await.map(|_| ())
    });
    Ok(held.buffer_unordered(SIDE_BY_SIDE).try_collect().await?)
}
