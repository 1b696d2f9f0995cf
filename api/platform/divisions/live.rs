//! The divisions as they are now: districts are added while the service runs, and every process knows of them within
//! seconds.

use std::ops::Deref;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{OnceLock, Weak};
use std::time::Duration;

use chrono::NaiveDate;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;

use super::tree::{Division, Divisions, Level, initials};
use crate::platform::core::Core;

/// How often somebody looks whether districts were added: one row by its key.
const LOOK: Duration = Duration::from_secs(2);
/// The setting that counts additions.
pub(super) const REVISION: &str = "divisions_revision";

columns! {
    EDITION "edition": i64;
    CODE "code": String;
    NAME "name": String;
    LEVEL "level": String;
    UNIT_TYPE "unit_type": String;
    PARENT_CODE "parent_code": String;
    AS_OF "as_of": NaiveDate;
    VALUE "value": String;
}

/// Divisions that only grow. Whoever looks lends the newest tree without a lock, so former trees stay as long as the
/// process; they share their rows.
pub struct LiveDivisions {
    tree: Divisions,
    next: OnceLock<Box<Self>>,
    /// Count of additions that the newest tree knows.
    revision: AtomicI64,
}

impl LiveDivisions {
    /// Begins with a tree.
    pub fn new(tree: Divisions) -> Self {
        Self { tree, next: OnceLock::new(), revision: AtomicI64::new(0) }
    }

    fn newest(&self) -> &Self {
        let mut newest = self;
        while let Some(next) = newest.next.get() {
            newest = next;
        }
        newest
    }

    fn grow(&self, tree: Divisions) {
        // Of two that looked at once the first one's tree stays; the next look finds what it lacks.
        let _ = self.newest().next.set(Box::new(Self::new(tree)));
    }
}

impl Deref for LiveDivisions {
    type Target = Divisions;

    fn deref(&self) -> &Divisions {
        &self.newest().tree
    }
}

/// Takes up what was added since it was looked at last.
pub async fn refresh(core: &Core) -> Result<(), Problem> {
    let statement = Statement::new("SELECT value FROM service_settings WHERE name = ").text(REVISION);
    let row = core.database.read(&statement).await?.into_iter().next();
    let revision = row.and_then(|mut row| row.get(&VALUE)?.parse().ok()).unwrap_or(0);
    if core.divisions.revision.load(Ordering::Relaxed) == revision {
        return Ok(());
    }
    let statement = Statement::new(
        "SELECT edition::bigint AS edition, code, name, level, unit_type, parent_code, as_of FROM divisions",
    );
    let rows = core.database.read(&statement).await?.into_iter().filter_map(division);
    let added: Vec<Division> = rows
        .filter(|row| core.divisions.find(&row.code, Some(row.edition)).is_none_or(|known| known.code != row.code))
        .collect();
    if !added.is_empty() {
        core.divisions.grow(core.divisions.with(added).map_err(Problem::internal)?);
        // Whoever reaches a whole prefecture reaches its new district, too.
        core.accounts.forget_all();
    }
    core.divisions.revision.store(revision, Ordering::Relaxed);
    Ok(())
}

fn division(mut row: Row) -> Option<Division> {
    let name = row.get(&NAME)?;
    Some(Division {
        edition: row.get(&EDITION)?.try_into().ok()?,
        code: row.get(&CODE)?,
        level: Level::from_name(&row.get(&LEVEL)?)?,
        unit_type: row.get(&UNIT_TYPE)?,
        parent_code: row.get(&PARENT_CODE),
        as_of: row.get(&AS_OF)?,
        current: false,
        successor_codes: Vec::new(),
        successors_derived: false,
        initials: initials(&name),
        name,
    })
}

/// Looks for what was added as long as the service runs.
pub async fn follow(core: Weak<Core>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(core) = core.upgrade() else { return };
        if let Err(problem) = refresh(&core).await {
            tracing::warn!(%problem, "whether districts were added can't be looked at");
        }
    }
}
