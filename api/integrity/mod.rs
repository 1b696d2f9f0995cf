//! Verifying a ledger: numbers, chain, digests and figures, recomputed from what the database holds.
//!
//! The first thing that doesn't hold is named by kind and id, never by value. What was purged holds:
//! digests cover commitments, not plaintexts.

mod entries;
mod index;
pub mod recount;
mod rollups;
pub mod sealing;
mod walk;

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;

use crate::platform::core::Core;

columns! {
    DISTRICT_CODE "district_code": String;
    FIRST_NO "first_no": i64;
}

/// Numbers of things that were verified.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verified {
    /// Districts.
    pub districts: u64,
    /// Entries.
    pub entries: u64,
    /// Revisions.
    pub revisions: u64,
    /// Figures of rollups.
    pub figures: u64,
    /// Revisions that have something in the clear which is sealed now: `lianfang seal` moves it.
    pub in_the_clear: u64,
}

/// The first thing that doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A row isn't what the ledger took.
    #[error("{district_code}: {kind} {id} revision {revision} (number {change_no}) was altered")]
    Altered {
        /// The district.
        district_code: String,
        /// The kind.
        kind: String,
        /// The record.
        id: uuid::Uuid,
        /// The revision.
        revision: i64,
        /// Its number.
        change_no: i64,
    },
    /// Numbers have no row.
    #[error("{0}: number {1} has no row: it was removed")]
    Removed(String, i64),
    /// Rows have no entry.
    #[error("{0}: {1} {2} (number {3}) belongs to no entry")]
    Foreign(String, String, uuid::Uuid, i64),
    /// An entry isn't the one chained.
    #[error("{0}: the entry of number {1} doesn't hold: {2}")]
    Entry(String, i64, &'static str),
    /// The index of changes doesn't say what the rows say.
    #[error("{0}: the index of changes doesn't agree with the rows of number {1}")]
    Index(String, i64),
    /// A figure isn't what its records count.
    #[error("{0}: the figure {1} of {2} on {3} doesn't agree with its records")]
    Figure(String, String, String, chrono::NaiveDate),
}

/// Why a ledger wasn't verified.
#[derive(Debug)]
pub enum VerifyError {
    /// Something doesn't hold.
    Finding(Finding),
    /// It couldn't be read.
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for VerifyError {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

/// Verifies every district's ledger. `progress` is told numbers done and numbers in all.
pub async fn verify(core: &Core, mut progress: impl FnMut(u64, u64)) -> Result<Verified, VerifyError> {
    let clocks = Statement::new("SELECT district_code, last_no, head FROM district_clocks ORDER BY district_code");
    let clocks = core.database.read(&clocks.seeing_everything()).await?;
    let clocks: Vec<entries::Clock> = clocks.into_iter().filter_map(entries::Clock::of_row).collect();
    let total: i64 = clocks.iter().map(|clock| clock.last_no).sum();
    let total = u64::try_from(total).unwrap_or(0);
    let mut verified = Verified::default();
    require_clocks(core).await?;
    for clock in &clocks {
        walk::district(core, clock, &mut verified, |done| progress(done, total)).await?;
        index::require_lines(core, clock).await?;
        verified.figures += rollups::district(core, &clock.district_code).await?;
        verified.districts += 1;
    }
    Ok(verified)
}

/// Entries of a district without a clock would be passed over.
async fn require_clocks(core: &Core) -> Result<(), VerifyError> {
    let statement = Statement::new(
        "SELECT e.district_code, e.first_no FROM ledger_entries AS e WHERE NOT EXISTS \
         (SELECT 1 FROM district_clocks AS c WHERE c.district_code = e.district_code) ORDER BY 1, 2 LIMIT 1",
    )
    .seeing_everything();
    match core.database.read(&statement).await?.into_iter().next() {
        Some(mut row) => {
            let district_code = row.get(&DISTRICT_CODE).unwrap_or_default();
            Err(VerifyError::Finding(Finding::Entry(
                district_code,
                row.get(&FIRST_NO).unwrap_or(0),
                "its district has no clock",
            )))
        }
        None => Ok(()),
    }
}
