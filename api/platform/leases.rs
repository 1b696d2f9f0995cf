//! Leases: of any number of processes one does a work, and the others take it on where that one is gone.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel_async::RunQueryDsl;
use kit::database::DatabaseError;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use tokio::sync::watch;
use uuid::Uuid;

use super::config::Config;
use super::core::{Core, Extension};
pub use super::divisions::each::districts;

/// A lease that wasn't renewed for so long is anybody's.
const LEASE: Duration = Duration::from_secs(50);
/// How often a lease is renewed while its work lasts: two may fail.
pub const RENEWED: Duration = Duration::from_secs(15);

/// Leases of this process, to be given back when it ends.
#[derive(Default)]
pub struct Leases {
    held: Mutex<BTreeSet<(String, Uuid)>>,
    given_back: watch::Sender<bool>,
}

impl Extension for Leases {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Leases {
    fn held(&self) -> MutexGuard<'_, BTreeSet<(String, Uuid)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether some process holds a lease: whether it is there that does the work.
pub async fn is_held(core: &Core, name: &str) -> Result<bool, Problem> {
    let statement = Statement::new("SELECT name FROM worker_leases WHERE held_until > now() AND name = ").text(name);
    Ok(!core.database.read(&statement).await?.is_empty())
}

/// Takes or renews a lease; none any more once they were given back. By the database's clock: those of the processes may
/// differ.
pub async fn take_lease(core: &Core, name: &str, holder: Uuid) -> Result<bool, Problem> {
    let leases = core.ext::<Leases>();
    let lease = (name.to_owned(), holder);
    // Noted before it is taken: whoever gives all back meanwhile gives this one back, too.
    leases.held().insert(lease.clone());
    let taken = !*leases.given_back.borrow() && take(core, name, holder).await?;
    if !taken {
        leases.held().remove(&lease);
    }
    Ok(taken)
}

async fn take(core: &Core, name: &str, holder: Uuid) -> Result<bool, Problem> {
    let statement = Statement::new(
        "INSERT INTO worker_leases AS l (name, holder, held_until) SELECT u.name, u.holder, now() + u.lasts FROM (SELECT ",
    )
    .text(name)
    .sql("::text AS name, ")
    .id(holder)
    .sql(format!("::uuid AS holder, interval '{} seconds' AS lasts) AS u ", LEASE.as_secs()))
    .sql("ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until WHERE l.holder = excluded.holder ")
    // That is, where it was held until before now; in words that are the same on every server.
    .sql(format!("OR excluded.held_until - l.held_until > interval '{} seconds' RETURNING holder", LEASE.as_secs()));
    let mut connection = core.database.connection().await?;
    let rows: Vec<Row> = statement.load(&mut connection).await.map_err(DatabaseError::from)?;
    Ok(!rows.is_empty())
}

/// Does a work if the lease is this holder's, and renews it while the work lasts. It is broken off where the lease is
/// somebody else's by then, and where this process ends: such a work does the same when it is done twice, and goes on where
/// it was.
pub fn under_lease(
    core: &Core,
    name: &str,
    holder: Uuid,
    work: impl Future<Output = Result<(), Problem>>,
) -> impl Future<Output = Result<(), Problem>> {
    under_lease_renewed(core, (name, holder), RENEWED, work)
}

/// The same with another time between two renewals.
pub fn under_lease_renewed(
    core: &Core,
    (name, holder): (&str, Uuid),
    renewed: Duration,
    work: impl Future<Output = Result<(), Problem>>,
) -> impl Future<Output = Result<(), Problem>> {
    // Boxed: works are deep futures, and each future that one is handed on by would hold it once more.
    let work = Box::pin(work);
    async move {
        if !Box::pin(take_lease(core, name, holder)).await? {
            return Ok(());
        }
        tokio::select! {
            done = work => done,
            () = Box::pin(until_lost(core, name, holder, renewed)) => {
                tracing::info!(name, "a work was broken off: its lease is this process's no more");
                Ok(())
            }
        }
    }
}

/// Renews a lease until that can't be done.
async fn until_lost(core: &Core, name: &str, holder: Uuid, pause: Duration) {
    let mut given_back = core.ext::<Leases>().given_back.subscribe();
    let mut renewed_at = Instant::now();
    while renewed_at.elapsed() < LEASE {
        tokio::select! {
            _ = given_back.wait_for(|given_back| *given_back) => return,
            () = tokio::time::sleep(pause) => {}
        }
        match take_lease(core, name, holder).await {
            Ok(true) => renewed_at = Instant::now(),
            Ok(false) => return,
            // The database may be back before somebody else takes it.
            Err(problem) => tracing::debug!(%problem, name, "a lease could not be renewed"),
        }
    }
}

/// Gives a lease back whose work is done.
pub async fn let_go(core: &Core, name: &str, holder: Uuid) -> Result<(), Problem> {
    core.ext::<Leases>().held().remove(&(name.to_owned(), holder));
    delete(core, vec![(name.to_owned(), holder)]).await
}

/// Gives back all leases of this process, which takes none any more: others go on at once.
pub async fn give_back(core: &Core) -> Result<(), Problem> {
    let leases = core.ext::<Leases>();
    leases.given_back.send_replace(true);
    let held: Vec<(String, Uuid)> = std::mem::take(&mut *leases.held()).into_iter().collect();
    if held.is_empty() { Ok(()) } else { delete(core, held).await }
}

async fn delete(core: &Core, leases: Vec<(String, Uuid)>) -> Result<(), Problem> {
    let (names, holders) = leases.into_iter().map(|(name, holder)| (Value::Text(name), Value::Id(holder))).unzip();
    let statement = Statement::new("DELETE FROM worker_leases AS l USING ")
        .table(vec![(ColumnType::Text, names), (ColumnType::Id, holders)])
        .sql(" AS u(name, holder) WHERE l.name = u.name AND l.holder = u.holder");
    let mut connection = core.database.connection().await?;
    let _: Vec<Row> = statement.load(&mut connection).await.map_err(DatabaseError::from)?;
    Ok(())
}
