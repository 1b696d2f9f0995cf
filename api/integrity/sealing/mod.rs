//! Bringing to rest what a former release left in the clear and this one seals: records and their former revisions,
//! devices, reasons of the audit. `lianfang seal` does it, whether the service runs or not, as the owner of the tables:
//! the service itself may not touch what was written.
//!
//! It goes page by page, each a statement of its own, and takes only what is still in the clear: broken off it goes
//! on where it was, once done it finds nothing. A row that isn't what the ledger took stays as it is and is counted:
//! moved, it would look whole.

mod records;
mod tables;

use std::time::Duration;

use kit::problem::Problem;

use super::owner::{OwnerConnection, Work};
use crate::platform::core::Core;
use crate::platform::divisions::each::districts;
use crate::records::Kind;

/// Rows of one statement: few enough that nobody who writes waits long.
const PAGE: i64 = 500;
/// A statement waits so long at most for whoever writes.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// Numbers of rows sealed or left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Records and former revisions whose values were moved into their envelopes.
    pub revisions: u64,
    /// Rows of other tables.
    pub others: u64,
    /// Revisions left as they are because they aren't what the ledger took: `lianfang verify` names the first.
    pub left: u64,
}

/// Seals what a former release left in the clear of one kind in a district, over a connection of the owner; how many
/// revisions were left as they are.
pub async fn seal_kind(
    core: &Core,
    owner: &mut OwnerConnection,
    kind: &'static Kind,
    district_code: &str,
) -> Result<u64, Problem> {
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, owner, &mut nobody);
    records::seal_one(&mut work, kind, district_code).await.map(|(_, left)| left)
}

/// Seals all there is. `progress` is told rows done and rows in all. By whoever owns the tables.
pub async fn seal(
    core: &Core,
    owner_url: &str,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Sealed, Problem> {
    let mut owner = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut work = Work::begin(core, &mut owner, progress);
    let districts = districts(core);
    work.total = tables::count(&mut work).await?;
    for district_code in &districts {
        work.total += records::count(&mut work, district_code).await?;
    }
    work.tell(0);
    let mut sealed = Sealed { others: tables::seal(&mut work).await?, ..Sealed::default() };
    for district_code in &districts {
        let (revisions, left) = records::seal(&mut work, district_code).await?;
        sealed.revisions += revisions;
        sealed.left += left;
    }
    Ok(sealed)
}
