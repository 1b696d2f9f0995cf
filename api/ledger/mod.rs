//! The one write path. A district has one ledger: a clock that gives numbers without gaps, a chain
//! of entries, and the rows, revisions and rollups written with them in one statement.
//!
//! - [`Append`] is what one request wants written; [`Ledger::append`] writes it or nothing of it.
//! - Numbers are taken by the statement itself: the clock's row is its lock, so a district's writers
//!   follow each other in commit order (`architecture.md`, rule 2).
//! - An append is optimistic: a row that exists already or was revised meanwhile ends it with
//!   [`AppendError::Conflict`], nothing written and no number spent; the caller looks again.

pub mod canonical;
mod statement;

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::kit::database::{Database, DatabaseError};
use crate::kit::row::Row;
use crate::kit::statement::ColumnType;
use crate::kit::value::Value;

/// A column that a change fills. The ledger itself fills `district_code`, `change_no`,
/// `recorded_at` and `revised_at`.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub column_type: ColumnType,
}

/// A record table as the ledger sees it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, which is the kind's name.
    pub name: &'static str,
    /// The columns of [`Change::cells`], `id` and `revision` among them.
    pub columns: Vec<Column>,
}

/// What a change does.
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
    /// Where.
    pub table: &'static Table,
    /// What.
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
    /// One value a column of the table.
    pub cells: Vec<Value>,
    /// SHA-256 of what is added, see [`canonical`].
    pub digest: [u8; 32],
}

/// What is counted: one figure of a rollup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TallyKey {
    /// The kind counted.
    pub kind: &'static str,
    /// The day in the district's zone.
    pub on_day: NaiveDate,
    /// The area of the record.
    pub area_code: String,
    /// The place of the record; nil where it has none.
    pub place_id: Uuid,
    /// What is counted.
    pub measure: &'static str,
}

/// What one request writes: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    /// The district whose ledger takes it.
    pub district_code: String,
    /// The rows, in the order in which the entry's digest covers them.
    pub changes: Vec<Change>,
    /// How many numbers it takes: one a record.
    pub numbers: i64,
    /// By how much each figure grows.
    pub tallies: Vec<(TallyKey, i64)>,
}

/// What was written.
#[derive(Clone, Copy, Debug)]
pub struct Receipt {
    /// The append's first number.
    pub first_no: i64,
    /// When the ledger took it: the clock of the database, never running backwards in a district.
    pub recorded_at: DateTime<Utc>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// A row exists already, or was revised since it was read.
    #[error("a row of the append exists or was revised meanwhile ({0})")]
    Conflict(String),
    /// The district has no clock: writing would take no number and lose the write.
    #[error("district {0} has no clock row; its ledger takes no writes")]
    ClockMissing(String),
    /// The database.
    #[error(transparent)]
    Database(DatabaseError),
}

/// The ledger of all districts of this database.
#[derive(Clone)]
pub struct Ledger {
    database: Database,
}

impl Ledger {
    /// A ledger over a database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Writes an append in one transaction of one statement and answers after its commit.
    pub async fn append(&self, append: &Append) -> Result<Receipt, AppendError> {
        let statement = statement::of_append(append, &entry_digest(append));
        let mut connection = self.database.connection().await.map_err(AppendError::Database)?;
        let rows: Vec<Row> =
            statement.load(&mut connection).await.map_err(|error| match DatabaseError::from(error) {
                DatabaseError::Constraint(name) if is_conflict(&name) => AppendError::Conflict(name),
                other => AppendError::Database(other),
            })?;
        let receipt = rows
            .into_iter()
            .next()
            .and_then(|mut row| Some(Receipt { first_no: row.integer("first_no")?, recorded_at: row.instant("at")? }));
        receipt.ok_or_else(|| AppendError::ClockMissing(append.district_code.clone()))
    }
}

/// The digest of an entry: over the digests of its rows in their order.
fn entry_digest(append: &Append) -> [u8; 32] {
    append.changes.iter().fold(Sha256::new(), |hash, change| hash.chain_update(change.digest)).finalize().into()
}

/// Primary keys and the history's rules are what two writers of one row meet at.
fn is_conflict(constraint: &str) -> bool {
    // The entries' own key is not among them: meeting there means a clock that was set back.
    let met = constraint.ends_with("_pkey") && constraint != "ledger_entries_pkey";
    met || constraint == "record_revisions_not_null"
}
