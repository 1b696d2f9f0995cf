//! Bringing to rest what a former release left in the clear and this one seals: records and their former revisions,
//! devices, reasons of the audit. `lianfang seal` does it, whether the service runs or not, as the owner of the tables:
//! the service itself may not touch what was written.
//!
//! It goes page by page, each a statement of its own, and takes only what is still in the clear: broken off it goes
//! on where it was, once done it finds nothing. A row that isn't what the ledger took stays as it is and is counted:
//! moved, it would look whole.

mod records;
mod tables;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::columns;
use kit::connect::connect;
use kit::database::DatabaseError;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;

use crate::platform::core::Core;
use crate::platform::leases::districts;
use crate::records::Kind;

columns! {
    COUNT "count": i64;
}

/// Rows of one statement: few enough that nobody who writes waits long.
const PAGE: i64 = 500;

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

/// The owner's connection, and who is told how far it is.
pub(super) struct Work<'a> {
    pub(super) core: &'a Core,
    pub(super) owner: &'a mut AsyncPgConnection,
    pub(super) done: u64,
    pub(super) total: u64,
    pub(super) progress: &'a mut (dyn FnMut(u64, u64) + Send),
}

impl Work<'_> {
    pub(super) async fn run(&mut self, statement: Statement) -> Result<Vec<Row>, Problem> {
        Ok(statement.load(&mut *self.owner).await.map_err(DatabaseError::from)?)
    }

    pub(super) async fn count(&mut self, statement: Statement) -> Result<u64, Problem> {
        let rows = self.run(statement).await?;
        let count = rows.into_iter().next().and_then(|mut row| row.get(&COUNT));
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    pub(super) fn tell(&mut self, more: usize) {
        self.done += more as u64;
        (self.progress)(self.done, self.total.max(self.done));
    }

    /// Frees the space of what stood there before: the old versions of the rows have it in the clear.
    async fn clean(&mut self, table: &str) -> Result<(), Problem> {
        Ok(self.owner.batch_execute(&format!("VACUUM {table}")).await.map_err(DatabaseError::from)?)
    }
}

/// Seals what a former release left in the clear of one kind in a district, over a connection of the owner; how many
/// revisions were left as they are.
pub async fn seal_kind(
    core: &Core,
    owner: &mut AsyncPgConnection,
    kind: &'static Kind,
    district_code: &str,
) -> Result<u64, Problem> {
    let mut work = Work { core, owner, done: 0, total: 0, progress: &mut |_, _| {} };
    records::seal_one(&mut work, kind, district_code).await.map(|(_, left)| left)
}

/// A connection of whoever owns the tables.
pub(super) async fn owner(url: &str) -> Result<AsyncPgConnection, Problem> {
    let mut owner = connect(url).await?;
    owner.batch_execute("SET timezone = 'UTC'; SET lock_timeout = '5s'").await.map_err(DatabaseError::from)?;
    Ok(owner)
}

/// Seals all there is. `progress` is told rows done and rows in all. By whoever owns the tables.
pub async fn seal(
    core: &Core,
    owner_url: &str,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Sealed, Problem> {
    let mut owner = owner(owner_url).await?;
    let mut work = Work { core, owner: &mut owner, done: 0, total: 0, progress };
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
