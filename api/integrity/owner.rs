//! The connection of whoever owns the tables: for work that the service's own role may not do, as changing what was written.
//!
//! It is opened for one piece of work and closed after it, so that the right isn't there for every statement at any time.
//! A process has it where the address that it was given signs in as the owner: the embedded database's, or a `database_url`
//! that is.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::columns;
use kit::connect::connect;
use kit::database::DatabaseError;
use kit::engine::Engine;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;

use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::row_security::is_distributed;

columns! {
    COUNT "count": i64;
    OWNS "owns": bool;
}

/// A connection of the owner.
pub struct OwnerConnection {
    connection: AsyncPgConnection,
    engine: Engine,
}

impl OwnerConnection {
    /// Opens one. A statement waits `lock_timeout` at most for what others have locked.
    pub async fn open(url: &str, lock_timeout: Duration) -> Result<Self, Problem> {
        let mut connection = connect(url).await?;
        let settings = format!("SET timezone = 'UTC'; SET lock_timeout = {}", lock_timeout.as_millis());
        connection.batch_execute(&settings).await.map_err(DatabaseError::from)?;
        let engine = match is_distributed(&mut connection).await.map_err(DatabaseError::from)? {
            // An owner is behind no wall.
            true => Engine::SeveralServers { walled: false },
            false => Engine::OneServer,
        };
        Ok(Self { connection, engine })
    }

    /// Runs a statement.
    pub async fn run(&mut self, statement: Statement) -> Result<Vec<Row>, Problem> {
        Ok(statement.on(self.engine).load(&mut self.connection).await.map_err(DatabaseError::from)?)
    }

    /// Runs what gives no rows.
    pub async fn execute(&mut self, sql: &str) -> Result<(), Problem> {
        Ok(self.connection.batch_execute(sql).await.map_err(DatabaseError::from)?)
    }

    /// Begins a transaction.
    pub async fn begin(&mut self) -> Result<(), Problem> {
        self.execute("BEGIN").await
    }

    /// Ends the transaction: with what was done in it, or as if nothing had been where that failed.
    pub async fn end<R>(&mut self, done: Result<R, Problem>) -> Result<R, Problem> {
        self.execute(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        done
    }

    /// Counts the rows of a statement that selects `count`.
    pub async fn count(&mut self, statement: Statement) -> Result<u64, Problem> {
        let rows = self.run(statement).await?;
        let count = rows.into_iter().next().and_then(|mut row| row.get(&COUNT));
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    /// Frees the space of what stood in a table before: the old versions of its rows have it still.
    pub async fn clean(&mut self, table: &str) -> Result<(), Problem> {
        self.execute(&format!("VACUUM {table}")).await
    }

    /// Whether it owns the tables indeed.
    async fn owns(&mut self) -> Result<bool, Problem> {
        let owns = "SELECT pg_has_role(current_user, c.relowner, 'USAGE') AS owns FROM pg_class AS c \
                    JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relname = 'record_revisions'";
        let rows = self.run(Statement::new(owns)).await?;
        Ok(rows.into_iter().next().and_then(|mut row| row.get(&OWNS)).unwrap_or_default())
    }
}

/// Work over the owner's connection, and who is told how far it is.
pub struct Work<'a> {
    /// The service.
    pub core: &'a Core,
    /// The connection.
    pub owner: &'a mut OwnerConnection,
    /// Rows in all, as far as is known.
    pub total: u64,
    done: u64,
    progress: &'a mut (dyn FnMut(u64, u64) + Send),
}

impl<'a> Work<'a> {
    /// Begins one; `progress` is told rows done and rows in all.
    pub fn begin(
        core: &'a Core,
        owner: &'a mut OwnerConnection,
        progress: &'a mut (dyn FnMut(u64, u64) + Send),
    ) -> Self {
        Self { core, owner, total: 0, done: 0, progress }
    }

    /// Does something in one transaction: all of it or nothing.
    pub async fn together<R>(&mut self, does: impl AsyncFnOnce(&mut Self) -> Result<R, Problem>) -> Result<R, Problem> {
        self.owner.begin().await?;
        let done = does(self).await;
        self.owner.end(done).await
    }

    /// Holds a district's clock until the transaction ends: nobody writes there meanwhile.
    pub async fn hold_clock(&mut self, district_code: &str) -> Result<(), Problem> {
        let clock = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ").text(district_code);
        self.owner.run(clock.sql(" FOR UPDATE")).await.map(drop)
    }

    /// Says how many rows are still to do.
    pub fn expect(&mut self, more: u64) {
        self.total = self.done + more;
    }

    /// Says that so many more rows are done.
    pub fn tell(&mut self, more: usize) {
        self.done += more as u64;
        (self.progress)(self.done, self.total.max(self.done));
    }
}

/// How the owner of the tables reaches the database, where this process was told.
#[derive(Default)]
pub struct OwnerAddress {
    url: OnceLock<String>,
    is_owner: OnceLock<bool>,
    warned: AtomicBool,
}

impl Extension for OwnerAddress {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl OwnerAddress {
    /// Tells it; the first one stays.
    pub fn tell(&self, url: &str) {
        self.url.get_or_init(|| url.to_owned());
    }

    /// The address, where whoever signs in there owns the tables. Looked at once.
    pub async fn of_owner(&self) -> Result<Option<&str>, Problem> {
        let Some(url) = self.url.get() else { return Ok(None) };
        let is_owner = match self.is_owner.get() {
            Some(known) => *known,
            None => {
                let found = OwnerConnection::open(url, Duration::from_secs(5)).await?.owns().await?;
                *self.is_owner.get_or_init(|| found)
            }
        };
        Ok(is_owner.then_some(url.as_str()))
    }

    /// Whether this is the first time that it is missed.
    pub fn is_first_warning(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }
}
