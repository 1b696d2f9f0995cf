//! The one write path. A district has one ledger: a clock that gives numbers without gaps, a chain
//! of entries, and the rows, revisions and rollups written with them in one statement.
//!
//! - [`Append`] is what one request wants written; [`Ledger::append`] writes it or nothing of it.
//! - Appends of one process that wait at the same time are one batch, those of a district one transaction
//!   ([`writer`]): no timer, whatever queued while the last one committed goes next. Statements that need no answer in
//!   between are sent together ([`flight`]). Where an engine spreads districts over servers there are several writers, each
//!   with districts of its own.
//! - Numbers are taken by the statement itself: the clock's row is its lock, so a district's writers
//!   follow each other in commit order, those of other processes too.
//! - An append is optimistic: a row that exists already or was revised meanwhile ends it with
//!   [`AppendError::Conflict`], nothing written and no number spent; the caller looks again. Rules
//!   across rows take the [`decide`] path: they see the state under the lock.

pub mod canonical;
pub mod decide;
mod decision;
mod district;
mod dry_run;
pub mod figures;
mod flight;
pub mod heads;
mod index;
mod merge;
mod newcomers;
pub mod presences;
mod problem;
mod quarantine;
mod redo;
mod rollups;
mod statement;
mod table;
mod tally;
mod writer;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::database::DatabaseError;
use kit::engine::Engine;
use kit::faults::Fault;
use kit::supervision::Supervision;
use kit::value::Value;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

pub use self::decide::Claim;
use self::dry_run::DryRun;
pub use self::figures::Figures;
use self::heads::Heads;
pub use self::index::{Act, Belonging, Indexed};
pub use self::table::{Column, Projection, Table};
pub use self::tally::{Families, Family, Pointer, PresenceKey, Tallies, TallyKey};
use self::writer::Job;

/// Appends that may wait; more are refused early, so that a stall doesn't pile up memory and time-outs.
const QUEUE: usize = 2_048;
/// Name of the writer among the workers of a service.
pub const WRITER: &str = "ledger";

/// Operation of a change on its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// A new row, revision 1.
    Create,
    /// The next revision of a row; the former one goes to the history.
    Revise,
}

/// One row written.
#[derive(Clone, Debug)]
pub struct Change {
    /// Table of the row.
    pub table: &'static Table,
    /// Operation on the row.
    pub operation: Operation,
    /// The row's id.
    pub id: Uuid,
    /// The revision it becomes.
    pub revision: i64,
    /// Which of the append's numbers it carries, from 1. A person introduced by a record shares the
    /// record's number and stands before it.
    pub number: i64,
    /// Its kind's place among changes of one number.
    pub sequence: i16,
    /// Entry of the change in the index of changes.
    pub indexed: Indexed,
    /// One value a column of the table.
    pub cells: Vec<Value>,
    /// SHA-256 of what is added, see [`canonical`].
    pub digest: [u8; 32],
}

/// How a request answered under an idempotency key, stored with its effect.
#[derive(Clone, Debug)]
pub struct KeyedAnswer {
    /// Hash of caller, route and key.
    pub key_hash: Vec<u8>,
    /// Keyed digest of the body that was sent.
    pub request_digest: Vec<u8>,
    /// The status answered.
    pub status: i64,
    /// The kind of the record.
    pub kind: &'static str,
    /// The record.
    pub id: Uuid,
    /// The revision answered.
    pub revision: i64,
}

/// A record of what lies ahead, to be judged when its time has come.
#[derive(Clone, Debug)]
pub struct AwaitedRow {
    /// Its kind.
    pub kind: &'static str,
    /// The record.
    pub id: Uuid,
    /// Time from which it is judged.
    pub comes_at: DateTime<Utc>,
}

/// Rows that one request writes, with all that goes with them: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    /// The district whose ledger takes it.
    pub district_code: String,
    /// The rows, in the order in which the entry's digest covers them.
    pub changes: Vec<Change>,
    /// Count of the numbers it takes: one a record.
    pub numbers: i64,
    /// Counts that it adds to the rollups.
    pub tallies: Tallies,
    /// Answers to keep under idempotency keys.
    pub keyed: Vec<KeyedAnswer>,
    /// Records in it of what lies ahead.
    pub awaited: Vec<AwaitedRow>,
    /// Claims that rules across rows must admit under the lock.
    pub claims: Vec<Claim>,
}

impl Append {
    /// Only asks rules across rows; what follows is written.
    pub fn asking(district_code: &str, claims: Vec<Claim>) -> Self {
        let district_code = district_code.to_owned();
        Self {
            district_code,
            changes: Vec::new(),
            numbers: 0,
            tallies: Tallies::default(),
            keyed: Vec::new(),
            awaited: Vec::new(),
            claims,
        }
    }
}

/// Receipt of an append that was written.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    /// The append's first number.
    pub first_no: i64,
    /// Time at which the ledger took it: the clock of the database, never running backwards in a district.
    pub recorded_at: DateTime<Utc>,
}

/// Reason why nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// A row exists already, or was revised since it was read.
    #[error("a row of the append exists or was revised meanwhile ({0})")]
    Conflict(String),
    /// A rule across rows says no.
    #[error("a rule across rows refuses the append")]
    Refused(Vec<Fault>),
    /// The district has no clock: writing would take no number and lose the write.
    #[error("district {0} has no clock row; its ledger takes no writes")]
    ClockMissing(String),
    /// Too many appends wait, or somebody else held for too long what this one needs.
    #[error("the ledger is busy")]
    Busy,
    /// The database has no room to write.
    #[error("the database has no room left on its disk")]
    Full,
    /// The database takes no writes at the moment: nothing was written.
    #[error("the database takes no writes at the moment")]
    ReadOnly,
    /// The database can't be reached. Whether it took the append is not known: send it again.
    #[error("the database can't be reached: {0}")]
    Unreachable(String),
    /// The statement failed: a defect of ours.
    #[error("{0}")]
    Failed(String),
}

impl From<DatabaseError> for AppendError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Constraint(name) if is_conflict(&name) => Self::Conflict(name),
            DatabaseError::Unreachable(cause) => Self::Unreachable(cause),
            // Its transaction was rolled back: nothing was written.
            DatabaseError::TimedOut | DatabaseError::Busy(_) => Self::Busy,
            DatabaseError::Full => Self::Full,
            DatabaseError::ReadOnly => Self::ReadOnly,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Primary keys and the history's rules are what two writers of one row meet at.
fn is_conflict(constraint: &str) -> bool {
    // The keys of the entries and of the index are not among them: meeting there means a clock that was set back.
    let met = constraint.ends_with("_pkey") && !constraint.starts_with("ledger_");
    met || constraint == "record_revisions_not_null"
}

/// The ledger of all districts of one database.
#[derive(Clone)]
pub struct Ledger {
    /// One of each writer: a district's appends all go to the same.
    queues: Arc<[mpsc::Sender<Job>]>,
    heads: Heads,
    figures: Figures,
    asking: DryRun,
    supervision: Supervision,
}

impl Ledger {
    /// Starts the engine's writers: threads with a connection of their own each, until the last ledger is dropped. They
    /// count different what is counted once as `families` have it.
    pub fn start(engine: Engine, database_url: &str, families: Families) -> std::io::Result<Self> {
        let (heads, figures) = (Heads::default(), Figures::default());
        let (supervision, families) = (Supervision::default(), Arc::new(families));
        let start = |_| {
            let (queue, jobs) = mpsc::channel(QUEUE);
            let shared = (heads.clone(), figures.clone(), supervision.clone());
            writer::spawn((engine, database_url.to_owned()), Arc::clone(&families), jobs, shared).map(|()| queue)
        };
        let queues = (0..engine.writers()).map(start).collect::<std::io::Result<Arc<[_]>>>()?;
        Ok(Self { queues, heads, figures, asking: DryRun::new(engine, database_url), supervision })
    }

    /// The queue of a district's writer.
    fn queue(&self, district_code: &str) -> Option<&mpsc::Sender<Job>> {
        let mut hasher = DefaultHasher::new();
        district_code.hash(&mut hasher);
        let writers = u64::try_from(self.queues.len()).ok()?;
        self.queues.get(usize::try_from(hasher.finish().checked_rem(writers)?).ok()?)
    }

    /// Writes an append and answers after its commit.
    pub async fn append(&self, append: Append) -> Result<Receipt, AppendError> {
        let (reply, answer) = oneshot::channel();
        let head_before = self.heads.known(&append.district_code);
        let ended = || AppendError::Unreachable("the writer ended".into());
        let queue = self.queue(&append.district_code).ok_or_else(ended)?;
        queue.try_send(Job { append, head_before, reply }).map_err(|error| {
            self.figures.refused.inc();
            match error {
                TrySendError::Full(_) => AppendError::Busy,
                TrySendError::Closed(_) => ended(),
            }
        })?;
        // A writer that is gone has dropped the job; what it wrote is found when it is sent again.
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Which of the appends rules across rows would refuse now, if they were written in this order; nothing is.
    pub async fn refused(&self, appends: &[&Append]) -> Result<BTreeMap<usize, AppendError>, AppendError> {
        self.asking.refused(appends).await
    }

    /// Counters of the writer's work so far.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Whether there is a writer, and it isn't down after a panic.
    pub fn has_writer(&self) -> bool {
        !self.queues.iter().any(mpsc::Sender::is_closed) && !self.supervision.down().contains(&WRITER)
    }

    /// Supervision of the writer, for all other workers of the service too.
    pub fn supervision(&self) -> &Supervision {
        &self.supervision
    }

    /// Number of appends that wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queues.iter().map(|queue| queue.max_capacity() - queue.capacity()).sum()
    }

    /// The newest numbers, for those who wait for changes.
    pub fn heads(&self) -> &Heads {
        &self.heads
    }
}
