//! Plans: what an order would purge, by counts.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;

use super::rows::targets;
use super::{Counts, Order, before_at, beside};
use crate::integrity::owner::{OwnerConnection, Work};
use crate::platform::core::Core;
use crate::records::Kind;

columns! {
    COUNT "count": i64;
    OLDEST_AT "oldest_at": DateTime<Utc>;
    NEWEST_AT "newest_at": DateTime<Utc>;
}

/// Extent of a purge before it is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How many.
    pub counts: Counts,
    /// When the oldest of the records happened.
    pub oldest_at: Option<DateTime<Utc>>,
    /// When the newest of them did.
    pub newest_at: Option<DateTime<Utc>>,
}

/// Reader of what is due: the owner for plans and purges, or the service where only counts are asked for.
pub enum Reads<'a, 'w> {
    /// The owner.
    Owner(&'a mut Work<'w>),
    /// The service, in a district.
    Service(&'a Core, &'a str),
}

impl Reads<'_, '_> {
    /// The service that is asked about.
    pub fn core(&self) -> &Core {
        match self {
            Self::Owner(work) => work.core,
            Self::Service(core, _) => core,
        }
    }

    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Problem> {
        match self {
            Self::Owner(work) => work.owner.run(statement).await,
            Self::Service(core, district_code) => {
                let statement = statement.seeing_district(district_code).in_rooms(core.kinds().rooms());
                Ok(core.database.read(&statement).await?)
            }
        }
    }

    /// Counts the rows of a statement that selects `count`.
    pub async fn count(&mut self, statement: Statement) -> Result<u64, Problem> {
        let rows = self.rows(statement).await?;
        let count = rows.into_iter().next().and_then(|mut row| row.get(&COUNT));
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }
}

/// Reads as the owner what an order would purge in a district; nothing is written.
pub async fn plan(core: &Core, owner_url: &str, district_code: &str, order: &Order) -> Result<Plan, Problem> {
    let before_at = before_at(core, order.before_on)?;
    let mut nobody = |_, _| {};
    let mut owner = OwnerConnection::open(owner_url, Duration::ZERO).await?;
    let mut work = Work::begin(core, &mut owner, &mut nobody);
    planned(&mut Reads::Owner(&mut work), district_code, order.kind, before_at).await
}

/// The same, read by the service: within the time that a statement has.
pub async fn foretell(
    core: &Core,
    district_code: &str,
    kind: &'static Kind,
    before_at: DateTime<Utc>,
) -> Result<Plan, Problem> {
    planned(&mut Reads::Service(core, district_code), district_code, kind, before_at).await
}

/// Counts what is due of a kind.
pub async fn planned(
    reads: &mut Reads<'_, '_>,
    district_code: &str,
    kind: &'static Kind,
    before_at: DateTime<Utc>,
) -> Result<Plan, Problem> {
    let mut plan = Plan::default();
    for target in targets(reads.core(), kind) {
        let counted = target.counted(reads.core(), district_code, before_at);
        let Some(mut row) = reads.rows(counted).await?.into_iter().next() else { continue };
        let count = row.get(&COUNT).unwrap_or_default().unsigned_abs();
        if target.is_of_subject() {
            plan.counts.attached += count;
        } else {
            plan.counts.records = count;
            (plan.oldest_at, plan.newest_at) = (row.get(&OLDEST_AT), row.get(&NEWEST_AT));
        }
    }
    beside::count(reads, district_code, kind, before_at, &mut plan.counts).await?;
    Ok(plan)
}
