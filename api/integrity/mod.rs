//! Verifying a ledger: numbers, chain, digests and figures, recomputed from what the database holds.
//!
//! The first thing that doesn't hold is named by kind and id, never by value. What was purged holds:
//! digests cover commitments, not plaintexts.
//!
//! It reads by ranges of numbers and by pages over connections of its own ([`reader`]); memory doesn't grow with the
//! ledger, and what was proved can be gone on from ([`checkpoint`]).

pub mod checkpoint;
mod entries;
mod figures;
mod index;
pub mod owner;
mod persons;
pub mod purge;
mod reader;
pub mod recount;
mod rollups;
pub mod rotation;
pub mod sealing;
mod walk;

use std::sync::Arc;

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;

use self::checkpoint::Checkpoint;
use self::entries::Clock;
use self::reader::Readers;
use crate::platform::core::Core;
use crate::records::theme::{Proofs, Unproven};

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
    /// Something kept with a record isn't what the ledger says.
    #[error("{0}: {1} {2}: {3}, drawn up once more from the ledger, isn't what is kept")]
    Kept(String, &'static str, uuid::Uuid, &'static str),
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

/// How a verification gets on.
#[derive(Debug)]
pub enum Told<'a> {
    /// Numbers proved, and numbers in all.
    Numbers(u64, u64),
    /// Records of a district whose figures are counted anew, so far.
    Counted(&'a str, u64),
    /// How far it got, to go on from there another time.
    Reached(&'a Checkpoint),
}

/// Verifies every district's ledger. `progress` is told numbers done and numbers in all.
pub async fn verify(core: &Arc<Core>, mut progress: impl FnMut(u64, u64)) -> Result<Verified, VerifyError> {
    let mut tell = |told: Told<'_>| {
        if let Told::Numbers(done, total) = told {
            progress(done, total);
        }
    };
    verify_from(core, Checkpoint::default(), &mut tell).await
}

/// The same from a checkpoint on: numbers up to it aren't looked at again, what spans numbers is done wholly.
pub async fn verify_from(
    core: &Arc<Core>,
    mut checkpoint: Checkpoint,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<Verified, VerifyError> {
    let clocks = Statement::new("SELECT district_code, last_no, head FROM district_clocks ORDER BY district_code");
    let clocks = core.database.read(&clocks.seeing_everything()).await?;
    let clocks: Vec<Clock> = clocks.into_iter().filter_map(Clock::of_row).collect();
    let total: i64 = clocks.iter().map(|clock| clock.last_no).sum();
    let (readers, mut verified, mut before) = (Readers::default(), Verified::default(), 0);
    require_clocks(core).await?;
    checkpoint.require_known(&clocks)?;
    for clock in clocks {
        let clock = Arc::new(clock);
        let mut reader = readers.take(core).await?;
        let start = checkpoint.start(&mut reader, &clock).await?;
        let reached = walk::district(core, &readers, &clock, start, |reached| {
            tell(Told::Numbers((before + reached.last_no).unsigned_abs(), total.unsigned_abs()));
            checkpoint.districts.insert(clock.district_code.clone(), reached.clone());
            tell(Told::Reached(&checkpoint));
        })
        .await?;
        before += clock.last_no;
        index::require_lines(core, &mut reader, &clock).await?;
        readers.give_back(reader);
        let district_code = clock.district_code.as_str();
        let counted = &mut |records| tell(Told::Counted(district_code, records));
        verified.figures += rollups::district(core, &readers, district_code, counted).await?;
        prove(core, district_code).await?;
        verified.districts += 1;
        verified.entries += reached.entries;
        verified.revisions += reached.revisions;
        verified.in_the_clear += reached.in_the_clear;
    }
    Ok(verified)
}

/// Proves what themes keep of a district beside their records.
async fn prove(core: &Core, district_code: &str) -> Result<(), VerifyError> {
    for proof in core.ext::<Proofs>().0 {
        if let Some(Unproven { kind, id, what }) = proof(core, district_code).await? {
            return Err(VerifyError::Finding(Finding::Kept(district_code.to_owned(), kind, id, what)));
        }
    }
    Ok(())
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
