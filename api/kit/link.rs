//! A connection as the service uses it: in the service's role, and with what it may see at the moment.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::connect::connect;
use super::database::DatabaseError;
use super::row::Row;
use super::row_scope::{Rooms, RowScope, setting_of};
use super::statement::Statement;

/// The role of the service's statements: it owns no table and passes no policy by (`api/wall`).
pub const SERVICE_ROLE: &str = "lianfang_service";

/// A connection and what it sees now; `None` while that isn't known.
pub struct Link {
    connection: AsyncPgConnection,
    row_scope: Option<(RowScope, Rooms)>,
    /// Time since which a statement awaits its answer.
    asked_at: Option<Instant>,
    /// Generation of the plans that the database keeps for its statements.
    generation: u32,
}

/// Generation of plans that are used now: of this process, since tables are one for all its connections.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Lets every connection plan its statements anew. A plan that was made while a table was all but empty may read it from
/// end to end, and would until the database gathers statistics by itself; so whoever sees tables grow says so.
pub fn plan_anew() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

fn generation() -> u32 {
    // Spelled out: diesel's `load` is in scope.
    AtomicU32::load(&GENERATION, Ordering::Relaxed)
}

/// A statement waits so long at most for what others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection whose caller went away is used again where its statement is this young: the next one hardly waits.
const SOON: Duration = Duration::from_secs(1);

impl Link {
    /// A new connection that sees nothing yet. `statement_timeout` ends any statement that runs longer.
    pub async fn open(url: &str, statement_timeout: Duration) -> Result<Self, DatabaseError> {
        let unreachable = |error: &dyn std::fmt::Display| DatabaseError::Unreachable(error.to_string());
        let mut connection = connect(url).await?;
        // Compiling a statement, or starting workers for it, takes longer than any of ours runs; generic plans are
        // thought to cost more than they do.
        let settings = format!(
            "SET ROLE {SERVICE_ROLE}; SET statement_timeout = {}; SET lock_timeout = {}; SET timezone = 'UTC'; \
             SET idle_in_transaction_session_timeout = '30s'; SET plan_cache_mode = 'force_generic_plan'; SET jit = off; \
             SET max_parallel_workers_per_gather = 0",
            statement_timeout.as_millis(),
            LOCK_TIMEOUT.as_millis()
        );
        let generation = generation();
        connection.batch_execute(&settings).await.map_err(|error| unreachable(&error))?;
        Ok(Self { connection, row_scope: Some((RowScope::Nothing, Rooms::default())), asked_at: None, generation })
    }

    /// A statement is on its way.
    pub fn ask(&mut self) {
        self.asked_at = Some(Instant::now());
    }

    /// Its answer is there.
    pub fn have_answer(&mut self) {
        self.asked_at = None;
    }

    /// Lets the statements to come see that, and no closed room. It is told to the database where it differs from
    /// before; until the database has answered nothing is believed, for the caller may go away meanwhile.
    pub async fn see(&mut self, row_scope: &RowScope) -> Result<(), DatabaseError> {
        static NONE: Rooms = Rooms::new();
        self.see_in(row_scope, &NONE).await
    }

    /// The same, and what stands in these closed rooms. Plans of a former generation are forgotten on the way.
    pub async fn see_in(&mut self, row_scope: &RowScope, rooms: &Rooms) -> Result<(), DatabaseError> {
        let is_told = self.row_scope.as_ref().is_some_and(|(scope, within)| (scope, within) == (row_scope, rooms));
        if is_told && self.generation == generation() {
            return Ok(());
        }
        // Boxed: it is rarely run, and stands within every future that reads.
        Box::pin(self.tell(row_scope, rooms)).await
    }

    async fn tell(&mut self, row_scope: &RowScope, rooms: &Rooms) -> Result<(), DatabaseError> {
        self.row_scope = None;
        let generation = generation();
        if self.generation != generation {
            self.connection.batch_execute("DISCARD PLANS").await?;
            self.generation = generation;
        }
        let tell = Statement::new("SELECT set_config('lianfang.sight', ")
            .text(row_scope.setting())
            .sql(", false), set_config('lianfang.rooms', ")
            .text(setting_of(rooms))
            .sql(", false)");
        tell.load::<Row>(&mut self.connection).await?;
        self.row_scope = Some((row_scope.clone(), rooms.clone()));
        Ok(())
    }
}

impl Deref for Link {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.connection
    }
}

impl DerefMut for Link {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }
}

/// Opens a pool's connections.
pub struct Opener {
    /// The database.
    pub url: String,
    /// Time after which PostgreSQL ends a statement.
    pub statement_timeout: Duration,
}

impl Manager for Opener {
    type Type = Link;
    type Error = DatabaseError;

    async fn create(&self) -> Result<Link, DatabaseError> {
        Link::open(&self.url, self.statement_timeout).await
    }

    /// No ping: one at each checkout would double the round trips of a short request.
    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<DatabaseError> {
        let stuck = link.asked_at.is_some_and(|asked_at| asked_at.elapsed() > SOON);
        if std::thread::panicking() || stuck || link.connection.is_broken() {
            return Err(RecycleError::message("broken"));
        }
        Ok(())
    }
}
